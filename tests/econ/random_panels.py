"""Small random panels for tests: two-way effects, an endogenous regressor, clustered errors."""

import numpy as np
import pandas as pd


def panel(seed, units=8, periods=5, missing=0.0, strength=1.0):
    """Panel with columns unit, time, y, d, z, z2, m, x1, x2; `missing` is a share of rows."""
    rng = np.random.default_rng(seed)
    rows = [(f"u{i:02d}", 2000 + t) for i in range(units) for t in range(periods)]
    frame = pd.DataFrame(rows, columns=["unit", "time"])
    n = len(frame)
    unit = np.repeat(rng.normal(size=units), periods)
    time = np.tile(rng.normal(size=periods), units)
    shock = 0.5 * np.repeat(rng.normal(size=units), periods) * rng.normal(size=n)
    u = rng.normal(size=n) + shock
    frame["x1"] = rng.normal(size=n) + unit
    frame["x2"] = rng.uniform(-1, 1, size=n) + time
    frame["z"] = rng.normal(size=n) + unit
    frame["z2"] = rng.normal(size=n)
    frame["d"] = strength * (frame["z"] + 0.5 * frame["z2"]) + 0.3 * frame["x1"] + u + time
    frame["m"] = 0.5 * frame["d"] + rng.normal(size=n) + unit
    frame["y"] = 0.4 * frame["d"] + 0.6 * frame["m"] + frame["x1"] - u + rng.normal(size=n) + unit
    if missing:
        frame = frame[rng.uniform(size=n) >= missing]
    return frame.reset_index(drop=True)
