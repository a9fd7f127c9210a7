"""The rule for the logarithm of zero, and the logarithm under that rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dti_assets.errors import PanelError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class LogOfZero:
    """What stands for ln(0).

    `drop`: null with a reason. `asinh`: ln(x + sqrt(x^2 + 1)) for every value of the variable,
    not only for zeros, so that one variable has one definition. `floor`: no figure is taken
    smaller than `floor`, in the variable's unit.
    """

    kind: Literal["drop", "asinh", "floor"] = "drop"
    floor: float | None = None

    def __str__(self) -> str:
        return f"floor: {self.floor:g}" if self.kind == "floor" else self.kind

    @classmethod
    def parse(cls, rule: Any) -> LogOfZero:
        """From the value of panel.log_of_zero in study.yaml. Raises PanelError."""
        if isinstance(rule, LogOfZero):
            return rule
        if rule == "drop" or rule == "asinh":
            return cls(rule)
        if isinstance(rule, Mapping) and set(rule) == {"floor"}:
            floor = rule["floor"]
            if isinstance(floor, int | float) and not isinstance(floor, bool) and floor > 0:
                return cls("floor", float(floor))
        raise PanelError(
            f"panel.log_of_zero {rule!r} is not allowed; use drop, asinh or {{floor: 1}} with a "
            "positive number"
        )


def logarithm(x: np.ndarray, rule: LogOfZero) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(values, zeros, negatives) of figures `x` under `rule`; nan stays nan.

    `zeros` marks the cells the rule acted on (figures of 0; under `floor`, figures below it),
    `negatives` those with no logarithm under any rule, whose value is nan.
    """
    import numpy as np

    floor = rule.floor or 0.0
    negative = x < 0
    zero = (x >= 0) & (x < floor) if rule.kind == "floor" else x == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        if rule.kind == "asinh":
            out = np.arcsinh(x)
        else:
            out = np.log(np.maximum(x, floor) if rule.kind == "floor" else x)
    out[negative] = np.nan
    if rule.kind == "drop":
        out[zero] = np.nan
    return out, zero, negative
