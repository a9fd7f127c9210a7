"""Who carries the instrument's within variation."""

import pandas as pd

from dti_assets.geography.instrument import within_shares
from dti_assets.geography.provinces import provinces


def attention(years: list[int]) -> pd.DataFrame:
    rows = [
        {
            "province_code": p.province_code, "province": p.province, "year": year,
            "keyword_hits": 10 + i % 7 + (year - 2009) * (i % 3), "words_nonpunct": 1000,
            "frequency": (10 + i % 7 + (year - 2009) * (i % 3)) / 1000, "words": "nonpunct",
            "origin": "text", "reason": None,
        }
        for i, p in enumerate(provinces())
        for year in years
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_shares_sum_to_one_under_every_rule() -> None:
    shares = within_shares(attention([2009, 2010, 2011]), "杭州", "great_circle")
    assert shares.groupby("rule")["share"].sum().round(12).tolist() == [1.0] * 4
    assert "浙江" not in set(shares[shares["rule"] == "drop"]["province"])


def test_a_single_year_has_no_within_variation() -> None:
    shares = within_shares(attention([2009]), "杭州", "great_circle")
    assert shares["share"].isna().all() and shares["inverse_hhi"].isna().all()
