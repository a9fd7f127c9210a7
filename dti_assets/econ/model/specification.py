"""What a regression is, as data: names of columns and the kind of errors. No numbers here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from dti_assets.errors import SpecificationError

Covariance = Literal["iid", "robust", "clustered"]
COVARIANCES = ("iid", "robust", "clustered")
INTERCEPT = "Intercept"


@dataclass(frozen=True)
class Specification:
    """One linear equation, estimated by OLS or, with instruments, by two-stage least squares.

    Parameters
    ----------
    outcome : column on the left-hand side.
    regressors : exogenous columns (the regressor of interest and controls), in printed order.
    endogenous : columns treated as endogenous; they need at least as many `instruments`.
    instruments : excluded instruments.
    fixed_effects : columns whose levels are absorbed; without any, an Intercept is added.
    cluster : column that identifies clusters; may be given with any covariance (the wild
        bootstrap and the jackknife use it).
    covariance : "iid", "robust" (HC1) or "clustered" (CRV1). Default: clustered where a cluster
        is named, else iid.

    Raises
    ------
    SpecificationError
        If a column has two roles, the equation is under-identified, the covariance is unknown
        or clustered without a cluster.
    """

    outcome: str
    regressors: tuple[str, ...] = ()
    endogenous: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    fixed_effects: tuple[str, ...] = ()
    cluster: str | None = None
    covariance: Covariance | None = None

    def __post_init__(self) -> None:
        for field in ("regressors", "endogenous", "instruments", "fixed_effects"):
            object.__setattr__(self, field, _names(getattr(self, field), field))
        if not isinstance(self.outcome, str) or not self.outcome:
            raise SpecificationError("outcome must be the name of a column")
        if self.cluster is not None and (not isinstance(self.cluster, str) or not self.cluster):
            raise SpecificationError(
                f"cluster is the name of one column, not {self.cluster!r}: several at once are not "
                "offered; name the coarser one, or make a column of their combinations and name it"
            )
        if self.covariance is None:
            default = "clustered" if self.cluster is not None else "iid"
            object.__setattr__(self, "covariance", default)
        if self.covariance not in COVARIANCES:
            raise SpecificationError(
                f"covariance {self.covariance!r} is not one of {', '.join(COVARIANCES)}"
            )
        if self.covariance == "clustered" and self.cluster is None:
            raise SpecificationError("clustered errors need the name of a cluster column")
        self._check_roles()
        if len(self.instruments) < len(self.endogenous):
            raise SpecificationError(
                f"{len(self.endogenous)} endogenous regressors "
                f"({', '.join(self.endogenous)}) need at least as many instruments; "
                f"{len(self.instruments)} named"
            )
        if self.instruments and not self.endogenous:
            raise SpecificationError(
                f"instruments ({', '.join(self.instruments)}) without an endogenous regressor"
            )
        if not self.regressors and not self.endogenous and self.fixed_effects:
            raise SpecificationError("an equation with fixed effects needs a regressor")

    def _check_roles(self) -> None:
        roles: dict[str, str] = {self.outcome: "the outcome"}
        for role, names in (
            ("a regressor", self.regressors),
            ("endogenous", self.endogenous),
            ("an instrument", self.instruments),
        ):
            for name in names:
                if name == INTERCEPT:
                    raise SpecificationError(
                        f"{INTERCEPT} is the name of the constant, which is added by itself; "
                        "rename the column"
                    )
                if name in roles:
                    raise SpecificationError(f"{name} is both {roles[name]} and {role}")
                roles[name] = role

    @property
    def variables(self) -> tuple[str, ...]:
        """All numeric columns: outcome, endogenous, regressors, instruments."""
        return (self.outcome, *self.endogenous, *self.regressors, *self.instruments)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns the frame must have, each once."""
        cluster = (self.cluster,) if self.cluster is not None else ()
        return tuple(dict.fromkeys((*self.variables, *self.fixed_effects, *cluster)))

    def with_(self, **changes: Any) -> Specification:
        """A copy with some fields changed (and checked again)."""
        return replace(self, **changes)


def _names(value: str | Iterable[str], field: str) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value or ())
    for name in names:
        if not isinstance(name, str) or not name:
            raise SpecificationError(f"{field} must be names of columns, not {name!r}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SpecificationError(f"{field} names {twice[0]} twice")
    return names
