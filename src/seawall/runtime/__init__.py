"""Shells: where the core meets clocks, files, processes and people."""
