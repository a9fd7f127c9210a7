"""What an audit refuses."""

from __future__ import annotations


class AuditError(ValueError):
    """A sample that cannot be drawn or labels that cannot be used; the message says which."""
