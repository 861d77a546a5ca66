"""The single source of truth: ledger, open orders, exposure, sizing, the formulas of performance."""
