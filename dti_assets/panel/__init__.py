"""The panel: official figures, the user's figures, and units x years under one schema.

Belongs here: series, units, transformations, coverage, checks, export, turnover, the frozen
instrument, and a panel simulated with known coefficients. Does not belong here: reading
reports or patents, estimation, Dagster, the command line.
"""
