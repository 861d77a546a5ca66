"""The core: a state machine without I/O that composes all rooms below it."""
