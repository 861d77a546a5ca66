"""A pure exchange: commands and market rows in, reports out, under stated and adverse assumptions."""
