"""Policies: they see a read-only view and answer with what they want; they cannot touch an order."""
