"""A panel whose data-generating process has known coefficients. Numbers only.

Belongs here: drawing variables, their truth, and raw figures that rebuild them. Does not belong
here: simulated reports and patents, estimation.

With two-way effects a_i + b_t, f policy frequency, x controls, m = (Number, RD) mediators:

    DTI_iv = f / distance
    DTIn   = pi DTI_iv + g'x + a_i + b_t + v
    m_k    = alpha_k DTIn + a_ki + b_kt + e_k
    Export = direct DTIn + lambda_1 m_1 + lambda_2 m_2 + k'x + a_i + b_t + u

e_1 and e_2 are independent of each other and of v and u, so that the mediators are independent
given DTIn and total = direct + alpha_1 lambda_1 + alpha_2 lambda_2, while the direct effect with
one mediator k is total - alpha_k lambda_k. v and u have correlation `endogeneity`, which biases
least squares but neither two-stage least squares with DTI_iv nor the effects of the mediators.
Every error is first-order autoregressive within its unit and has the stated variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dti_assets.errors import PanelError
from dti_assets.instrument import formula
from dti_assets.instrument.distances import ZeroDistance, distances_used
from dti_assets.panel.official import memberships
from dti_assets.panel.tables import FIGURES
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CONTROLS = ("Exportother", "HR", "INF", "GDP", "GDP_sec", "FIE")
MEDIATORS = ("Number", "RD")
# level, yearly trend, spread of unit effects, standard deviation of the error
_SHAPE = {
    "Exportother": (15.5, 0.05, 1.0, 0.20), "HR": (9.0, 0.08, 0.6, 0.15),
    "INF": (0.9, 0.03, 0.3, 0.08), "GDP": (18.9, 0.09, 0.9, 0.08),
    "GDP_sec": (43.0, -0.6, 6.0, 1.50), "FIE": (17.5, 0.10, 0.6, 0.07),
}  # fmt: skip
# effects of controls on DTIn, so that leaving controls out matters
_ON_DTI = {"GDP": 0.3, "HR": 0.2}


@dataclass(frozen=True)
class Simulation:
    """The design. `strength` is the concentration parameter pi^2 sum z^2 / var(v), z the
    instrument residualised on two-way effects: with independent errors the first-stage F is
    about 1 + strength. `endogeneity` is corr(v, u). `serial` is the autocorrelation of errors.

    `units` are those of the panel. `exposure` is `distance` (1 / distance to the hub of their
    list with the internal rule: few units carry the instrument) or `equal`.
    """

    units: Units
    years: tuple[int, int] = (2009, 2022)
    total: float = 0.342
    direct_given_firms: float = 0.182
    direct_given_rd: float = 0.313
    on_firms: float = 0.50
    on_rd: float = 0.20
    strength: float = 40.0
    endogeneity: float = 0.0
    serial: float = 0.3
    sd_dti: float = 0.30
    sd_export: float = 0.30
    sd_mediators: tuple[float, float] = (0.25, 0.25)
    exposure: str = "distance"
    controls: dict[str, float] = field(
        default_factory=lambda: dict(zip(CONTROLS, (0.2, 0.1, 0.1, 0.3, 0.01, 0.2), strict=True))
    )

    def __post_init__(self) -> None:
        checks = (
            (self.years[0] < self.years[1], f"years {self.years}: at least two are needed"),
            (
                len(self.units) > 1,
                f"{self.units.level.plural} {len(self.units)}: at least two are needed",
            ),
            (self.strength >= 0, f"strength {self.strength}: not negative"),
            (abs(self.endogeneity) < 1, f"endogeneity {self.endogeneity}: within -1 and 1"),
            (abs(self.serial) < 1, f"serial {self.serial}: within -1 and 1"),
            (
                self.exposure in ("distance", "equal"),
                f"exposure {self.exposure!r}: distance, equal",
            ),
            (
                self.exposure == "equal" or self.units.level.hub is not None,
                f"exposure distance: {self.units.level.plural} have no hub by default",
            ),
            (bool(self.on_firms and self.on_rd), "on_firms and on_rd: not zero"),
            (set(self.controls) <= set(CONTROLS), f"controls: only {', '.join(CONTROLS)}"),
        )
        for fine, message in checks:
            if not fine:
                raise PanelError(f"simulation.{message}")

    @property
    def shape(self) -> tuple[int, int]:
        """How many units and years there are."""
        return len(self.units), self.years[1] - self.years[0] + 1

    @property
    def of_firms(self) -> float:
        """lambda_1, effect of Number on Export."""
        return (self.total - self.direct_given_firms) / self.on_firms

    @property
    def of_rd(self) -> float:
        """lambda_2, effect of RD on Export."""
        return (self.total - self.direct_given_rd) / self.on_rd

    @property
    def direct(self) -> float:
        """The effect of DTIn on Export with both mediators held fixed."""
        return self.total - self.on_firms * self.of_firms - self.on_rd * self.of_rd


def truth(design: Simulation, seed: int | None = None) -> dict[str, Any]:
    """The coefficients of the data-generating process, as plain values for truth.json.

    `least_squares_bias` is cov(v, u) / var(DTIn within two-way effects and controls): what least
    squares of Export on DTIn exceeds the effect by in large samples, with or without mediators.
    """
    n_units, n_years = design.shape
    n = n_units * n_years
    free = n - n_units - (n_years - 1)
    variance = design.sd_dti**2 * (1 + design.strength / free)
    return {
        "seed": seed,
        "rows": n,
        "holds_with": f"{design.units.level.noun} and year effects and the controls "
        + ", ".join(CONTROLS),
        "total": design.total,
        "direct": design.direct,
        "direct_given_Number": design.direct_given_firms,
        "direct_given_RD": design.direct_given_rd,
        "DTIn_on_Number": design.on_firms,
        "DTIn_on_RD": design.on_rd,
        "Number_on_Export": design.of_firms,
        "RD_on_Export": design.of_rd,
        "indirect_Number": design.on_firms * design.of_firms,
        "indirect_RD": design.on_rd * design.of_rd,
        "controls_total": dict(design.controls),
        "strength": design.strength,
        "endogeneity": design.endogeneity,
        "serial": design.serial,
        "exposure": design.exposure,
        "least_squares_bias": design.endogeneity * design.sd_dti * design.sd_export / variance,
    }


def simulate_arrays(
    design: Simulation, seeds: Sequence[int], dti: Any = None, dti_iv: Any = None
) -> dict[str, np.ndarray]:
    """Draws for many seeds at once: arrays (seeds, units, years) by variable name.

    `dti` and `dti_iv` (units, years), given together, replace the drawn DTIn and instrument
    (a study with its own reports and patents); the error v is then DTIn less its projection on
    instrument, controls and two-way effects. A seed gives the same numbers alone and in company.
    """
    import numpy as np

    if (dti is None) != (dti_iv is None):
        raise PanelError("simulation: dti and dti_iv are given together or not at all")
    shape = design.shape
    names = [*CONTROLS, "frequency", "v", "Number", "RD", "u"]
    shocks = np.empty((len(seeds), len(names), *shape))
    effects = np.empty((len(seeds), len(names), shape[0]))
    waves = np.empty((len(seeds), len(names), shape[1]))
    for position, seed in enumerate(seeds):
        draw = np.random.default_rng(seed)
        shocks[position] = draw.standard_normal(shocks.shape[1:])
        effects[position] = draw.uniform(-1, 1, effects.shape[1:])
        waves[position] = draw.standard_normal(waves.shape[1:]) * 0.05
    # stationary from the first year on
    for t in range(1, shape[1]):
        shocks[..., t] *= np.sqrt(1 - design.serial**2)
        shocks[..., t] += design.serial * shocks[..., t - 1]
    at = {name: i for i, name in enumerate(names)}
    time = np.arange(shape[1]) - (shape[1] - 1) / 2

    def two_way(name: str, level: float, trend: float, spread: float) -> np.ndarray:
        i = at[name]
        return (
            level
            + spread * effects[:, i, :, None]
            + (trend * time + spread * waves[:, i])[:, None, :]
        )

    out: dict[str, np.ndarray] = {}
    for name in CONTROLS:
        level, trend, spread, sd = _SHAPE[name]
        out[name] = two_way(name, level, trend, spread) + sd * shocks[:, at[name]]
    u = shocks[:, at["u"]]
    v = shocks[:, at["v"]]
    if dti is None:
        rise = 0.004 / (1 + np.exp(-time / 2.5))
        frequency = rise * np.exp(0.3 * effects[:, at["frequency"], :, None])
        frequency = frequency * np.exp(0.25 * shocks[:, at["frequency"]])
        out["DTI_iv"] = formula.instrument(frequency, _distances(design)[None, :, None])
        z = within(out["DTI_iv"])
        size = np.sqrt((z**2).sum(axis=(1, 2), keepdims=True))
        slope = np.sqrt(design.strength) * design.sd_dti / size
        drawn = two_way("v", 5.016, 0.12, 1.0) + design.sd_dti * v
        for name, confounding in _ON_DTI.items():
            drawn = drawn + confounding * (out[name] - _SHAPE[name][0])
        out["DTIn"] = drawn + slope * (out["DTI_iv"] - out["DTI_iv"].mean((1, 2), keepdims=True))
    else:
        given, instrument = np.asarray(dti, float), np.asarray(dti_iv, float)
        if given.shape != shape or instrument.shape != shape:
            raise PanelError(
                f"simulation: dti and dti_iv have shape {shape}, "
                f"{design.units.level.plural} by years"
            )
        out["DTIn"] = np.broadcast_to(given, u.shape).copy()
        out["DTI_iv"] = np.broadcast_to(instrument, u.shape).copy()
        v = _left_over(out)
    rho = design.endogeneity
    error = design.sd_export * (rho * v + np.sqrt(1 - rho**2) * u)
    export = two_way("u", 14.41, 0.05, 1.5) + error
    slopes = {"Number": (design.on_firms, design.of_firms), "RD": (design.on_rd, design.of_rd)}
    levels = {"Number": (6.0, 0.04, 1.2), "RD": (1.3, 0.05, 0.4)}
    out["Export"] = export + design.direct * (out["DTIn"] - 5.016)
    for k, name in enumerate(MEDIATORS):
        own = two_way(name, *levels[name]) + design.sd_mediators[k] * shocks[:, at[name]]
        out[name] = own + slopes[name][0] * (out["DTIn"] - 5.016)
        out["Export"] += slopes[name][1] * (out[name] - levels[name][0])
    for name, slope_of in design.controls.items():
        out["Export"] += slope_of * (out[name] - _SHAPE[name][0])
    return out


def within(x: np.ndarray) -> np.ndarray:
    """A balanced array (..., units, years) less its two-way means."""
    return (
        x - x.mean(-1, keepdims=True) - x.mean(-2, keepdims=True) + x.mean((-2, -1), keepdims=True)
    )


def _left_over(out: dict[str, np.ndarray]) -> np.ndarray:
    """DTIn less its within projection on instrument and controls, at variance one."""
    import numpy as np

    columns = [within(out[name]) for name in ("DTI_iv", *CONTROLS)]
    columns = [c / np.sqrt((c**2).mean((1, 2), keepdims=True).clip(1e-300)) for c in columns]
    x = np.stack(columns, axis=-1).reshape(len(out["DTIn"]), -1, len(columns))
    y = within(out["DTIn"]).reshape(len(x), -1)
    rest = np.stack(
        [b - a @ np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(x, y, strict=True)]
    )
    sd = rest.std(axis=1, keepdims=True)
    return (rest / np.where(sd > 0, sd, 1)).reshape(out["DTIn"].shape)


@lru_cache(maxsize=8)
def kilometres(units: Units) -> tuple[float, ...]:
    """How far each unit is from the hub of its list, by the defaults of a study."""
    assert units.level.hub is not None
    rule = ZeroDistance("internal")
    used = distances_used(units.level.hub, "great_circle", rule, units=units).values()
    return tuple(float("nan") if km is None else km for km in used)


def _distances(design: Simulation) -> np.ndarray:
    import numpy as np

    if design.exposure == "equal":
        return np.full(len(design.units), 1000.0)
    return np.array(kilometres(design.units))


# variable -> the series and unit its figures are written in; each is a plain logarithm or level
_LOGS = {
    "Export": ("high_tech_exports", "10k CNY"),
    "Export_new": ("high_tech_new_product_exports", "10k CNY"),
    "Number": ("high_tech_firms", "firms"),
    "DFI": ("digital_finance_index", "index"),
    "Exportother": ("non_high_tech_exports", "10k CNY"),
    "GDP": ("gdp", "10k CNY"),
    "FIE": ("fiscal_expenditure", "10k CNY"),
}
_LEVELS = {
    "HR": ("years_of_education", "years"),
    "INF": ("infrastructure", "km per km2"),
    "GDP_sec": ("secondary_industry_share", "percent"),
    "party_turnover": ("party_turnover", "0 or 1"),
    "governor_turnover": ("governor_turnover", "0 or 1"),
}
_FIRST_DFI = 2011


def simulate_panel(
    design: Simulation, seed: int, dti: Any = None, dti_iv: Any = None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One simulated panel and its truth.

    The frame has the keys of the units, year and the model's variables, in the order of the list
    and by year; region, bri and municipality are the real ones. Export_new follows the same process
    as Export with its own error; DTIG is DTIn less 0.7 with noise; DFI starts in 2011 and has no
    known effect; turnover is a coin with probability 0.2 and has no effect. `dti` and `dti_iv`
    as in simulate_arrays.
    """
    import numpy as np
    import pandas as pd

    drawn = {k: a[0] for k, a in simulate_arrays(design, [seed], dti, dti_iv).items()}
    draw = np.random.default_rng([seed, 1])
    shape = drawn["Export"].shape
    first, last = design.years
    level = design.units.level
    known = {place[level.code]: place for place in memberships(level)}
    places = [{**design.units.key(unit), **known.get(unit.code, {})} for unit in design.units]
    frame = pd.DataFrame(
        [{**place, "year": year} for place in places for year in range(first, last + 1)]
    )
    drawn["Export_new"] = drawn["Export"] - 1.2 + design.sd_export * draw.standard_normal(shape)
    drawn["DTIG"] = np.maximum(drawn["DTIn"] - 0.7 + 0.1 * draw.standard_normal(shape), 0)
    drawn["DFI"] = 5.2 + 0.05 * drawn["DTIn"] + 0.03 * draw.standard_normal(shape)
    for name in ("party_turnover", "governor_turnover"):
        drawn[name] = (draw.uniform(size=shape) < 0.2).astype(float)
    for name, values in drawn.items():
        frame[name] = values.reshape(-1)
    frame.loc[frame["year"] < _FIRST_DFI, "DFI"] = np.nan
    return frame, {**truth(design, seed), "Export_new_total": design.total}


def simulated_figures(panel: pd.DataFrame, *, level: Level) -> pd.DataFrame:
    """The raw figures behind a simulated panel (table figures): build_panel on them gives the
    panel's variables back to rounding. DTIn, DTIG and DTI_iv have none: they come from patents
    and reports."""
    import numpy as np
    import pandas as pd

    keys = panel[[*level.keys, "year"]]
    levels: dict[str, tuple[Any, str]] = {}
    for name, (series, unit) in _LOGS.items():
        levels[series] = (np.exp(panel[name].astype(float)), unit)
    for name, (series, unit) in _LEVELS.items():
        levels[series] = (panel[name].astype(float), unit)
    firms = levels["high_tech_firms"][0]
    projects = firms * np.exp(panel["RD"].astype(float))
    levels["high_tech_new_product_projects"] = (projects, "projects")
    parts = []
    for series, (values, unit) in levels.items():
        part = keys.assign(
            series=series, value=values, unit=unit, source="user: simulated", origin="user",
            status="published",
        )  # fmt: skip
        parts.append(part[part["value"].notna()])
    return level.table(FIGURES).frame(pd.concat(parts, ignore_index=True))


def wide_figures(figures: pd.DataFrame, *, level: Level) -> pd.DataFrame:
    """Figures (table figures) as a user's wide file: unit, year, and a column per series
    with its unit in the header; read_user_figures reads it back."""
    wide = figures.assign(header=figures["series"] + " (" + figures["unit"] + ")").pivot(
        index=[*level.keys, "year"], columns="header", values="value"
    )
    return wide.reset_index().drop(columns=level.code).rename_axis(columns=None)
