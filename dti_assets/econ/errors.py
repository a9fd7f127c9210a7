"""Errors of the estimation layer: one sentence each, naming the column or term at fault."""

from __future__ import annotations


class EconError(ValueError):
    """A specification or sample from which the asked-for number cannot be computed."""


class SpecificationError(EconError):
    """The specification contradicts itself, whatever the data."""


class MissingColumn(EconError):
    """The frame lacks a column that the specification names."""


class NotNumeric(EconError):
    """A column of numbers holds text or infinite values."""


class EmptySample(EconError):
    """No row is left after rows with missing values are dropped."""


class TooFewRows(EconError):
    """There are no more rows than parameters."""


class TooFewClusters(EconError):
    """Fewer than two clusters: clustered inference does not exist."""


class NoVariation(EconError):
    """A variable is constant once fixed effects and controls are projected out."""


class NoConvergence(EconError):
    """Alternating projections did not settle within their iteration limit."""
