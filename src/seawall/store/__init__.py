"""What is on disk: journal, checkpoint, catalog of market data, and the queries on it."""
