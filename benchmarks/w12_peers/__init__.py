"""The engines that benchmarks W1 and W2 measure seawall against, one file each.

Each file has `PACKAGE` (the name whose version is printed), `prepare(trades, work) -> run`, where `run()`
is what the clock measures and work is `w1` or `w2`, and `summary(outcome)`, which answers after the clock
stopped: calls and above (W1), or orders, position and equity (W2).
"""
