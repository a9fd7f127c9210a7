"""What a failed step says to a reader: one sentence out of Dagster's record of the error."""

from typing import Any

from dti_assets import errors


def sentence(error: Any) -> str:
    """The sentence of the package's own error, else the innermost error with its kind."""
    while error is not None:
        message = str(error.message).strip()
        kind = getattr(errors, error.cls_name or "", None)
        if isinstance(kind, type) and issubclass(kind, errors.DtiError):
            return message.partition(": ")[2] or message
        if error.cause is None:
            return message
        error = error.cause
    return "failed"
