"""The frozen instrument: a hash taken before any outcome is joined, and whether it still holds.

Where the frozen record is kept is not decided here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dti_assets.errors import PanelError
from dti_assets.instrument.tables import FROZEN_INSTRUMENT
from dti_assets.store.files import read_named, write_atomically
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

NEVER = "nothing was frozen"
_COLUMNS = ("year", "keyword_hits", "total_words", "distance_km", "dti_iv")
_PARTS = ("dictionary_sha256", "settings_sha256", "dti_iv_sha256")


class FrozenState(NamedTuple):
    """Whether the instrument at hand is the frozen one, and in what it differs if not."""

    frozen: bool
    differences: tuple[str, ...]
    before_outcomes: bool = True

    @property
    def sentence(self) -> str:
        """One line for the note below a table."""
        if self.frozen:
            when = (
                "before outcomes were joined" if self.before_outcomes else "with outcomes at hand"
            )
            return f"The instrument is the one frozen {when}."
        if self.differences == (NEVER,):
            return "The instrument was never frozen."
        return "The instrument is NOT the frozen one: " + "; ".join(self.differences) + "."


def freeze_instrument(
    dictionary_sha256: str, settings: Mapping[str, Any], dti_iv: pd.DataFrame, *, level: Level
) -> dict[str, Any]:
    """The record of an instrument: hashes of dictionary, settings and DTI_iv, and one over all.

    `settings` are plain values (text and instrument sections of study.yaml); `dti_iv` is the
    table of that name. The hash does not depend on row order, on other columns, or on digits
    beyond the twelfth, in which two machines may differ.
    """
    plain = json.loads(json.dumps(dict(settings), sort_keys=True, default=str))
    record: dict[str, Any] = {
        "version": 1,
        "dictionary_sha256": dictionary_sha256,
        "settings": plain,
        "settings_sha256": _sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False)),
        "dti_iv_sha256": _sha256(_canonical(dti_iv, level)),
        "rows": len(dti_iv),
        "with_value": int(dti_iv["dti_iv"].notna().sum()),
        "first_year": int(dti_iv["year"].min()) if len(dti_iv) else None,
        "last_year": int(dti_iv["year"].max()) if len(dti_iv) else None,
    }
    record["sha256"] = _sha256("\n".join(record[part] for part in _PARTS))
    return record


def is_frozen(
    record: Mapping[str, Any] | None,
    dictionary_sha256: str,
    settings: Mapping[str, Any],
    dti_iv: pd.DataFrame,
    *,
    level: Level,
) -> FrozenState:
    """Whether the instrument at hand is the one of `record` (None: nothing was ever frozen)."""
    if record is None:
        return FrozenState(False, (NEVER,))
    now = freeze_instrument(dictionary_sha256, settings, dti_iv, level=level)
    differences = []
    if record.get("dictionary_sha256") != now["dictionary_sha256"]:
        differences.append("the dictionary was changed")
    if record.get("settings_sha256") != now["settings_sha256"]:
        before, after = record.get("settings") or {}, now["settings"]
        keys = [k for k in sorted({*before, *after}) if before.get(k) != after.get(k)]
        differences.append(
            "settings were changed: "
            + ", ".join(f"{k} from {before.get(k)!r} to {after.get(k)!r}" for k in keys)
        )
    if record.get("dti_iv_sha256") != now["dti_iv_sha256"]:
        span = (record.get("first_year"), record.get("last_year"), record.get("rows"))
        here = (now["first_year"], now["last_year"], now["rows"])
        same = span == here
        what = "values" if same else f"span ({span[2]} rows frozen, {here[2]} at hand) and values"
        differences.append(f"DTI_iv has other {what}")
    before = not record.get("outcomes_at_hand", False)
    return FrozenState(not differences, tuple(differences), before)


def frozen_instrument(
    record: Mapping[str, Any] | None,
    dictionary_sha256: str,
    settings: Mapping[str, Any],
    dti_iv: pd.DataFrame,
    *,
    level: Level,
) -> pd.DataFrame:
    """The state of the instrument at hand, one row (table frozen_instrument)."""
    state = is_frozen(record, dictionary_sha256, settings, dti_iv, level=level)
    now = freeze_instrument(dictionary_sha256, settings, dti_iv, level=level)
    status = "frozen" if state.frozen else "never frozen" if record is None else "changed"
    row = {
        "status": status,
        "sentence": state.sentence,
        "differences": "; ".join(state.differences) or None,
        "sha256": now["sha256"],
        "frozen_sha256": None if record is None else record["sha256"],
    }
    return FROZEN_INSTRUMENT.frame([row])


def read_record(path: Path) -> dict[str, Any] | None:
    """The frozen record kept in a file; None where there is none. Raises PanelError."""
    if not path.exists():
        return None
    try:
        record = json.loads(read_named(path).decode("utf-8"))
    except OSError as error:
        raise PanelError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise PanelError(f"{path}: not a record of dti freeze ({error})") from error
    if not isinstance(record, dict) or "sha256" not in record:
        raise PanelError(f"{path}: not a record of dti freeze (no sha256)")
    return record


def _canonical(dti_iv: pd.DataFrame, level: Level) -> str:
    lines = []
    ordered = dti_iv.sort_values(list(level.when), kind="stable")
    for code, *values in ordered.reindex(columns=[level.code, *_COLUMNS]).itertuples(index=False):
        lines.append(",".join([str(code), *map(_digits, values)]))
    return "\n".join(lines)


def _digits(value: Any) -> str:
    if value is None or str(value) in ("<NA>", "nan"):
        return ""
    return f"{float(value):.12g}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write_record(path: Path, record: Mapping[str, Any], replace: bool = False) -> str:
    """Keep a record in a file; returns what was done in one sentence.

    The same instrument again changes nothing. Raises PanelError where another one is frozen and
    `replace` is false: what was frozen must not change unasked. Raises WriteError where the file
    cannot be written; the record kept before is then still there.
    """
    before = read_record(path)
    name = f"{record['sha256'][:12]}, {record['with_value']} of {record['rows']} values"
    if before is not None and before["sha256"] == record["sha256"]:
        return f"the instrument ({name}) was frozen already in {path}"
    if before is not None and not replace:
        raise PanelError(
            f"{path}: another instrument is frozen ({str(before['sha256'])[:12]}, now {name}); "
            "dti freeze --replace records the present one"
        )
    text = json.dumps(dict(record), ensure_ascii=False, indent=1, sort_keys=True)
    write_atomically(path, f"{text}\n".encode())
    late = " with outcomes at hand" if record.get("outcomes_at_hand") else ""
    return f"the instrument ({name}) is frozen{late} in {path}"
