"""Compiled numerics and the market row; the lowest room."""
