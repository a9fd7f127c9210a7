"""The formula: frequency over distance. Held here and nowhere else."""

import numpy as np

from dti_assets.instrument.formula import DESCRIPTION, UNIT, WRITTEN, instrument
from dti_assets.text.choices import frequency


def test_the_instrument_is_frequency_over_distance() -> None:
    assert instrument(frequency(30, 12_000), 122.5) == 30 / 12_000 / 122.5
    by_unit = instrument(np.array([[0.002, 0.004], [0.001, 0.0]]), np.array([[100.0], [250.0]]))
    np.testing.assert_array_equal(by_unit, [[2e-5, 4e-5], [4e-6, 0.0]])
    assert np.isnan(instrument(0.002, np.nan))


def test_it_reads_as_it_is() -> None:
    told = ("frequency / d", "frequency over distance_km", "hits per word and km")
    assert told == (WRITTEN, DESCRIPTION, UNIT)
