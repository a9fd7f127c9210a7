"""Units in the spellings of yearbooks, and conversions against hand-computed figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dti_assets.errors import UnitError
from dti_assets.panel.units import convert, convertible, parse_unit


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("万元", "10k CNY"), ("(亿元)", "100m CNY"), ("单位:万元", "10k CNY"),
        ("单位:万 元", "10k CNY"), ("百万美元", "million USD"), ("亿美元", "100m USD"),
        ("10 000 yuan", "10k CNY"), ("100 million yuan", "100m CNY"), ("10k CNY", "10k CNY"),
        ("USD million", "million USD"), ("万人", "10k persons"), ("人", "persons"),
        ("%", "percent"), ("percent of GDP", "percent"), ("件", "patents"), ("家", "firms"),
        ("项", "projects"), ("百万美元 (USD million)", "million USD"),
        ("万元 10 000 yuan", "10k CNY"), ("(单位:万元)", "10k CNY"), ("亿元)", "100m CNY"),
        ("亿元(现价)", "100m CNY"), ("万元(10 000 yuan)", "10k CNY"), ("亿元(人民币)", "100m CNY"),
        ("亿元 current prices", "100m CNY"), ("件(1)", "patents"),
        ("美元=100", "CNY per 100 USD"), ("没有单位", "index"),
    ],
)  # fmt: skip
def test_spellings(text: str, name: str) -> None:
    assert str(parse_unit(text)) == name
    assert parse_unit(name) == parse_unit(text)


@pytest.mark.parametrize(
    ("value", "source", "target", "rate", "expected"),
    [
        (1.0, "100m CNY", "10k CNY", None, 10_000.0),
        (1.0, "million USD", "10k CNY", 6.6423, 664.23),
        (664.23, "10k CNY", "million USD", 6.6423, 1.0),
        (24_300_000, "persons", "10k persons", None, 2430.0),
        (2430.0, "10k persons", "million persons", None, 24.3),
        (664.23, "CNY per 100 USD", "CNY per USD", None, 6.6423),
        (0.412, "ratio", "percent", None, 41.2),
    ],
)
def test_conversions(
    value: float, source: str, target: str, rate: float | None, expected: float
) -> None:
    got = convert(value, parse_unit(source), parse_unit(target), rate)
    assert got == pytest.approx(expected, rel=1e-14)


def test_every_scale_has_a_name_that_is_read_back() -> None:
    for scale in ("", "十", "百", "千", "万", "十万", "百万", "千万", "亿", "十亿", "万亿"):
        for noun in ("元", "美元", "人", "件"):
            unit = parse_unit(scale + noun)
            assert parse_unit(str(unit)) == unit


def test_refusals() -> None:
    with pytest.raises(UnitError, match="did you mean 亿元"):
        parse_unit("亿圆")
    with pytest.raises(UnitError, match="unknown unit '元/人'"):
        parse_unit("元/人")
    for text in (
        "USD (million)", "美元(百万)", "人民币(亿元)", "persons (10k)", "元 [10 000]", "亿元(美元)",
        "万元(元)", "美元 million", "元 10 000",
    ):  # fmt: skip
        with pytest.raises(UnitError, match="unknown unit"):
            parse_unit(text)
    with pytest.raises(UnitError, match="cannot be converted"):
        convert(1.0, parse_unit("万人"), parse_unit("万元"))
    with pytest.raises(UnitError, match="needs the exchange rate"):
        convert(1.0, parse_unit("万美元"), parse_unit("万元"))
    assert not convertible(parse_unit("log"), parse_unit("万元"))


@given(
    st.floats(1e-6, 1e12),
    st.sampled_from(["CNY", "1k CNY", "10k CNY", "million CNY", "100m CNY", "million USD"]),
    st.sampled_from(["CNY", "10k CNY", "100m CNY", "100m USD"]),
    st.floats(1, 10),
)
def test_there_and_back(value: float, one: str, other: str, rate: float) -> None:
    there = convert(value, parse_unit(one), parse_unit(other), rate)
    assert convert(there, parse_unit(other), parse_unit(one), rate) == pytest.approx(value, 1e-12)
