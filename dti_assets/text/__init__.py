"""Reading, normalising, sectioning and counting of government work reports.

Belongs here: everything from a file's bytes to counts by term and section. Does not belong here:
Dagster, distances, estimation.
"""
