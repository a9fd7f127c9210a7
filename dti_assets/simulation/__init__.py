"""Invented studies whose truth is known: reports, patents and figures, and a study of all three."""
