"""Questions asked of finished runs: the report, and later attribution, fitting and comparison."""
