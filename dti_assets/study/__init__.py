"""study.yaml as a Study, the tables that a study stores, and where their columns come from.

Knows no Dagster and computes nothing.
"""
