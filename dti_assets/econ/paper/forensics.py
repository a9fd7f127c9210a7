"""What printed stars imply: from a published 2SLS table alone, the range of its first-stage F.

A first stage significant at 10 % but not at 5 % pins F to a narrow range; a second stage with
more stars than that is possible only if the errors are correlated enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dti_assets.econ.model.weak_instruments import tf_critical_value
from dti_assets.econ.tables import FORENSICS
from dti_assets.errors import SpecificationError

if TYPE_CHECKING:
    import pandas as pd

# p-value ranges behind stars: at least, below
STARS = {"***": (0.0, 0.01), "**": (0.01, 0.05), "*": (0.05, 0.10), "": (0.10, 1.0)}
INFINITY = float("inf")


def published_forensics(claims: Iterable[Mapping[str, Any]], clusters: int | None) -> pd.DataFrame:
    """Implications of the stars of published instrumental-variable results.

    Parameters
    ----------
    claims : one mapping per result with `source`, `first_stage_stars` and `second_stage_stars`
        ("***" 1 %, "**" 5 %, "*" 10 %, "" none), optionally `clusters` and `estimate`, the
        second-stage coefficient. One endogenous regressor, one instrument.
    clusters : clusters where a claim names none; None: normal reference distribution only.

    Returns
    -------
    Frame as declared in `tables.FORENSICS`: a row for each reference distribution a program may
    have used: normal; t(G - 1) for both stages; t(G - 1) first, normal second (Stata's habit).

    Notes
    -----
    F = t^2 of the first stage. |t| <= sqrt(F / (1 - rho^2)) whatever the truth, hence
    |rho| >= sqrt(1 - F_high / t_low^2), rho the correlation of first-stage and outcome errors as
    estimated (Lee, McCrary, Moreira and Porter 2022; Angrist and Kolesar 2024). The CRV1
    Anderson-Rubin 95 % set with the table's own variance is bounded exactly when F exceeds the
    5 % critical value, and the tF interval finite exactly when F > 3.84.
    """
    rows = []
    for claim in claims:
        for key in ("source", "first_stage_stars", "second_stage_stars"):
            if key not in claim:
                raise SpecificationError(f"a claim lacks {key}: {dict(claim)!r}")
        source = str(claim["source"])
        first, second = str(claim["first_stage_stars"]), str(claim["second_stage_stars"])
        for stars in (first, second):
            if stars not in STARS:
                raise SpecificationError(f"{source}: stars {stars!r} are not '', *, ** or ***")
        g = claim.get("clusters", clusters)
        references: dict[str, tuple[int | None, int | None]] = {"normal": (None, None)}
        if g is not None:
            if int(g) < 2:
                raise SpecificationError(f"{source}: clusters must be at least 2, not {g}")
            df = int(g) - 1
            references[f"t({df})"] = (df, df)
            references[f"t({df}) first stage, normal second"] = (df, None)
        for name, dfs in references.items():
            row = _implied(source, first, second, name, *dfs)
            rows.append(row | _implied_error(claim.get("estimate"), second, dfs[1]))
    return FORENSICS.frame(rows)


def _implied(
    source: str, first: str, second: str, name: str, df_first: int | None, df_second: int | None
) -> dict[str, Any]:
    least_p, below_p = STARS[first]
    f_low, f_high = _critical(below_p, df_first) ** 2, _critical(least_p, df_first) ** 2
    t_low = _critical(STARS[second][1], df_second)
    rho = 0.0
    if t_low > 0 and f_high < t_low**2:
        rho = (1 - f_high / t_low**2) ** 0.5
    bounded = _verdict(f_low, f_high, _critical(0.05, df_first) ** 2)
    pole = 1.959963984540054**2
    finite = _verdict(f_low, f_high, pole)
    words = {
        "never": "the data cannot bound the effect: the 95 % Anderson-Rubin set is unbounded",
        "always": "the 95 % Anderson-Rubin set is bounded",
        "depends": "whether the 95 % Anderson-Rubin set is bounded cannot be told from the stars",
    }
    upper = "any size" if f_high == INFINITY else f"{f_high:.2f}"
    sentence = f"F lies between {f_low:.2f} and {upper}; {words[bounded]}"
    if rho > 0:
        sentence += f"; a second stage with {second} then needs |rho| of at least {rho:.2f}"
    if finite == "depends" and f_high < INFINITY:
        sentence += f"; tF multiplies the standard error by at least {_factor(f_high):.1f}"
    return {
        "source": source,
        "first_stage_stars": first,
        "second_stage_stars": second,
        "distribution": name,
        "f_low": f_low,
        "f_high": f_high,
        "smallest_abs_rho": rho,
        "ar_bounded": bounded,
        "tf_finite": finite,
        "sentence": sentence + ".",
    }


def _implied_error(estimate: Any, stars: str, df: int | None) -> dict[str, float]:
    """Range of |b| / t: what coefficient and stars say about the standard error."""
    if estimate is None:
        return {}
    least_p, below_p = STARS[stars]
    low_t, high_t = _critical(below_p, df), _critical(least_p, df)
    size = abs(float(estimate))
    return {
        "estimate": float(estimate),
        "se_low": 0.0 if high_t == INFINITY else size / high_t,
        "se_high": INFINITY if low_t == 0 else size / low_t,
    }


def _factor(f: float) -> float:
    return tf_critical_value(f) / 1.959963984540054


def _critical(p: float, df: int | None) -> float:
    """|t| at which a two-sided p-value is p; infinite for p = 0."""
    from scipy import stats

    if p <= 0:
        return INFINITY
    return float(stats.norm.isf(p / 2) if df is None else stats.t.isf(p / 2, df))


def _verdict(low: float, high: float, critical: float) -> str:
    # stars put p strictly below the upper end of their range: F > low, F <= high
    if low >= critical - 1e-9:
        return "always"
    return "never" if high <= critical + 1e-9 else "depends"
