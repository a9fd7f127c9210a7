"""study.yaml: every fault is one sentence that names file, key and value."""

from pathlib import Path

import pytest

from dti_assets.errors import StudyError
from dti_assets.instrument.variants import hub_distances
from dti_assets.study.config import load_study, study_schema
from dti_assets.study.secrets import WITHHELD


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("years: [2022, 2009]", "years is .2022, 2009.: first and last"),
        ("years: 2009", "years is 2009"),
        ("yeers: [2009, 2022]", "key years is missing; line 1: unknown key yeers; .* mean years?"),
        ("years: [2009]", "line 1: years has too few entries$"),
        ("years: [2009, 2010, 2011]", "line 1: years has too many entries$"),
        ("years: [2009, ten]", "line 1: years.1 is 'ten': must be a whole number$"),
        (
            "years: [2009, 2022]\ntext: {hits: longst}",
            "line 2: text.hits is 'longst': must be longest, token or overlap; .* mean longest?",
        ),
        (
            "years: [2009, 2022]\ntext:\n  # a\n  hit: token",
            "line 4: unknown key text.hit; .* hits?",
        ),
        ("years: [2009, 2022]\nreports: {qqq: 1}", "reports.qqq; there are engine, ray_address$"),
        (
            "years: [2009, 2022]\ntext: {settled: {a.pdf: {yr: 2014}}}",
            "unknown key text.settled.a.pdf.yr; did you mean year?",
        ),
        (
            "years: [2009, 2022]\ninstrument: {zero_distance: intrnal}",
            "is 'intrnal': must be internal or drop or a mapping of keys; .* internal?",
        ),
        ("years: [2009, 2022]\ninstrument: {hub: 杭洲}", "hub is '杭洲': .* did you mean 杭州?"),
        ("years: [2009, 2022]\ninstrument: {hub: Hangzou}", "did you mean 杭州?"),
        (
            "years: [2009, 2022]\ninstrument: {hub: 苏州}",
            "hub is '苏州': .* such as 杭州 or Hangzhou",
        ),
        ("years: [2009, 2022]\ninstrument: {zero_distance: {floor_km: -1}}", "floor_km is -1"),
        ("years: [2009, 2022]\nyears: [2009, 2010]", "line 2: .*'years' stands twice"),
        ("years: [", "line 1: not valid YAML"),
        (
            "years: [2009, 2022]\npatents:\n  extract_date: 2024-02-30",
            r"line 3: not valid YAML \('2024-02-30' is no valid timestamp\)$",
        ),
        ("years: !!int ten", "line 1: not valid YAML .*'ten' is no valid int"),
        ("years: [2009, 2022]\n{{x}}: y", "line 2: not valid YAML .*a key must be a word"),
        ("years: [2009, 2022]\n{x: [1]}: y", "line 2: not valid YAML .*a key must be a word"),
        ("years: [2009, 2022]\n? [a]\n: y", "line 2: not valid YAML .*a key must be a word"),
        ("- 1", "a mapping of keys"),
        ("", "a mapping of keys"),
        (
            "years: [2009, 2022]\ntext: {settled: {a.pdf: {province: zhejang}}}",
            "'zhejang'; .* 浙江?",
        ),
        ("years: [2009, 2022]\nname: ''", "name is ''"),
        (
            "years: [2009, 2022]\npatents:\n  columns: {title: 5}",
            "line 3: patents.columns.title is 5: must be text, .* or a list in brackets$",
        ),
        # a step of a file's name is no member of a union
        (
            "years: [2009, 2022]\ntext: {settled: {'literal[str].pdf': {year: ten}}}",
            r"text.settled.literal\[str\].pdf.year is 'ten': must be a whole number$",
        ),
        ("years: [2009, 2022]\ntext: {settled: {2014: {year: 2014}}}", "text.settled.2014 is 2014"),
        (
            "years: [2009, 2022]\ninstrument: {zero_distance: {}}",
            "line 2: key instrument.zero_distance.floor_km is missing$",
        ),
        (
            "years: [2009, 2022]\ninstrument: {zero_distance: {floor_km: .inf}}",
            "line 2: instrument.zero_distance.floor_km is inf: must be a finite number$",
        ),
        (
            "years: [2009, 2022]\npanel: {log_of_zero: {floor: .inf}}",
            "line 2: panel.log_of_zero.floor is inf: must be a finite number$",
        ),
        (
            "years: [2009, 2022]\npatents: {extract_date: 20240101}",
            "patents.extract_date is 20240101: must be a day such as 2024-01-31$",
        ),
        ("years: [2009, 2022]\nx: " + 3000 * "[", "lie too deep in one another$"),
        ("years: [2009, 2022]\nx: " + 300 * "[" + 300 * "]", "unknown key x|too deep"),
        ("years: [2009, 2022]\noutputs: ~/out", "line 2: outputs is '~/out': ~ is no home folder"),
        ("years: [2009, 2022]\noutputs: ''", "line 2: outputs is '': a path is expected"),
        ("years: [2009, 2022]\ninputs: {reports: ' '}", "inputs.reports is ' ': a path is"),
        ('years: [2009, 2022]\noutputs: "a\\0b"', "a path holds no null character$"),
        ("years: [2009, 2022]\noutputs: .", "outputs is '.', the folder of the study itself;"),
        (
            "years: [2009, 2022]\noutputs: reports_raw",
            "outputs is 'reports_raw' and inputs.reports is 'reports_raw': one lies in the other;",
        ),
        ("years: [2009, 2022]\noutputs: ./panel_raw/x", "x' and inputs.panel is 'panel_raw': one"),
        ("years: [2009, 2022]\noutputs: ../", "outputs is '../' and inputs.reports is"),
        (
            "years: [2009, 2022]\noutputs: data/out\ninputs: {patents: data}",
            "outputs is 'data/out' and inputs.patents is 'data': one lies in the other;",
        ),
        ("years: [2009, 2022]\nfile: a.yaml", "line 2: unknown key file; there are name, years,"),
        ("years: [2009, 2022]\nyears_in_file: [2009, 2010]", "line 2: unknown key years_in_file"),
    ],
)
def test_faults(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(StudyError, match=said) as caught:
        load_study(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("years", [(2022, 2009), (1900, 1901)])
def test_years_given_beside_the_file_are_not_blamed_on_it(
    tmp_path: Path, years: tuple[int, int]
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("years: [2009, 2022]", encoding="utf-8")
    with pytest.raises(StudyError, match=f"^years {years[0]}-{years[1]}: first and last year must"):
        load_study(path, years)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"No such file.*in a study folder.* dti new DIR"):
        load_study(tmp_path / "none.yaml")


def test_every_key_but_years_has_the_default_shown_in_the_shipped_file(
    root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("years: [2009, 2022]", encoding="utf-8")
    assert load_study(path).model_dump() == load_study(root / "study.yaml").model_dump()


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "study.yaml").write_text("years: [2020, 2020]", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    study = load_study("a/study.yaml", years=(2010, 2011))
    assert study.path(study.inputs.reports) == tmp_path / "a" / "reports_raw"
    assert study.all_years == [2010, 2011] and study.home == tmp_path / "a" / ".dagster"


@pytest.mark.parametrize("hub", ["Hangzhou", "杭州市", "hang zhou"])
def test_one_hub_however_it_is_spelled(tmp_path: Path, hub: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(f"years: [2020, 2020]\ninstrument: {{hub: {hub}}}", encoding="utf-8")
    spelled = load_study(path)
    path.write_text("years: [2020, 2020]\ninstrument: {hub: 杭州}", encoding="utf-8")
    assert spelled == load_study(path)
    # the hub is one of the cities, not its own placebo
    _, cities = hub_distances(spelled.instrument.distance, units=spelled.unit_list)
    assert len(cities) == 31 and spelled.instrument.hub in cities


def test_the_schema_describes_every_key() -> None:
    schema = study_schema()
    assert set(schema["properties"]) == {
        "name", "years", "inputs", "outputs", "text", "reports", "instrument", "patents",
        "panel", "estimates", "audit", "run_storage", "notify", "simulated", "units",
    }  # fmt: skip
    assert schema["required"] == ["years"]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ("notify: {webhook: 'https://h/SECRET'}", "notify: {webhook: '%'}"),
        ('notify:\n  webhook: "https://h/\\\n    SECRET"\nname: x',
         'notify:\n  webhook: "%"\nname: x'),
        ("notify:\n  webhook: >-\n    https://h/SECRET\nname: x", "notify:\n  webhook: %\nname: x"),
        ("simulated: &a https://h/SECRET\nnotify: {webhook: *a}",
         "simulated: &a %\nnotify: {webhook: *a}"),
        ("# notify: {webhook: https://old/SECRET}", "# notify: {webhook: %"),
        ("# the former webhook:\n#   https://old/SECRET\nname: x",
         "# the former webhook:\n#   %\nname: x"),
        ("notify: {webhook: null}  # https://old/SECRET", "notify: {webhook: null}  # %"),
        ("# reports: https://h/public\nname: x", "# reports: https://h/public\nname: x"),
        ("outputs: sftp://me:SECRET@h/d", "outputs: sftp://***@h/d"),
        ("simulated: |\n  see\n  sftp://me:SECRET@h\nname: x",
         'simulated: "see\\nsftp://***@h\\n"\nname: x'),
        ('outputs: "sftp://me:\\\n  SECRET@h/d"', 'outputs: "sftp://***@h/d"'),
        ("name: x  # sftp://me:SECRET@h/d", "name: x  # sftp://***@h/d"),
    ],
)  # fmt: skip
def test_the_text_that_is_shown_holds_no_secret(tmp_path: Path, lines: str, shown: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(f"years: [2009, 2022]\n{lines}\n", encoding="utf-8")
    study = load_study(path)
    assert study.shown_text == f"years: [2009, 2022]\n{shown}\n".replace("%", WITHHELD)
    path.write_text(study.shown_text, encoding="utf-8")
    again = load_study(path)
    assert bool(again.notify.webhook) == bool(study.notify.webhook)
    assert again.name == study.name
