"""`python -m seawall` is the same command as `seawall`."""

from seawall.cli import main

if __name__ == "__main__":
    main()
