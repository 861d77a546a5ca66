#!/usr/bin/env bash
# Prints a Python that can run seawall: the one asked for, else the newest of 3.11 to 3.13
# on PATH, else any python3 that is new enough.
set -euo pipefail
asked=${1:-}
new_enough='import sys; raise SystemExit(sys.version_info < (3, 11))'
if [ -n "$asked" ]; then
    candidates=("$asked")
else
    candidates=(python3.13 python3.12 python3.11 python3 python)
fi
for candidate in "${candidates[@]}"; do
    # Running it is the test: a shim on PATH may answer for a version that is not there.
    if "$candidate" -c "$new_enough" >/dev/null 2>&1; then
        "$candidate" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
echo "seawall needs Python 3.11 or newer; tried: ${candidates[*]}" >&2
echo "name one with: make setup PYTHON=/path/to/python3.11" >&2
exit 1
