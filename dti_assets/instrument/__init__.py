"""The instrument: distances to a hub, the formula, its variants, and the record that freezes it.

Reads no report.
"""
