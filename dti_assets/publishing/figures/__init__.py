"""Figures of the stored tables: pure functions from frames to matplotlib figures, and their bytes.

No pyplot, no global state that outlives a call; matplotlib is imported where it draws.
"""
