"""The engines that benchmark W4 measures seawall against, one file each.

Each file has `PACKAGE` (the name whose version is printed), `prepare(bars) -> run`, where `run()` is what
the clock measures, and `summary(outcome)`, which counts orders, trades and equity after the clock stopped.
"""
