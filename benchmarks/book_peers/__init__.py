"""The engines that benchmark "book" measures seawall against, one file each.

Each file has `PACKAGE` (the name whose version is printed), `prepare(levels) -> run`, where `run()` is what
the clock measures, and `summary(outcome)`, which answers looks, bid_sum and ask_sum in ticks.
"""
