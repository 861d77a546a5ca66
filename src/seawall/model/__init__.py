"""The words: events, commands, decisions, orders, instruments, units, errors."""
