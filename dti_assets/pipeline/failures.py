"""What a failed step says to a reader: one sentence out of Dagster's record of the error."""

from typing import Any


def sentence(error: Any) -> str:
    """The sentence of the package's own error, else the innermost error with its kind."""
    while error is not None:
        message = str(error.message).strip()
        kind, _, said = message.partition(": ")
        if kind.startswith("dti_assets.") and said:
            return said
        if error.cause is None:
            return message
        error = error.cause
    return "failed"
