"""Stata and R scripts that estimate the printed columns again."""
