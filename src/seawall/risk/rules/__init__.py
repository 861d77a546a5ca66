"""The rules of the gate, one control or close family a file; see risk/rule.py for the form."""
