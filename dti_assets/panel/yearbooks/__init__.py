"""Figures out of spreadsheets as yearbooks and users lay them out: cells, grids, sheets, files."""
