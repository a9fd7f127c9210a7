"""What is wrong with a study file, in its own words: line, key, value, and what is allowed.

Knows YAML and the shape of a validated model; not what a study is.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ValidationError

# what is expected, by the kind of fault; figures come with the fault
_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "date_from_datetime_inexact": "a day such as 2024-01-31",
    "date_from_datetime_parsing": "a day such as 2024-01-31",
    "date_type": "a day such as 2024-01-31",
    "dict_type": "a mapping of keys",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than_equal": "{le} or less",
    "list_type": "a list in brackets",
    "literal_error": "{expected}",
    "model_type": "a mapping of keys",
    "string_too_short": "not empty",
    "string_type": "text, in quotation marks where it looks like something else",
    "tuple_type": "a list in brackets",
}


def load_yaml(text: str) -> Any:
    """What a YAML text holds. Raises yaml.YAMLError, with the line, also for a key that stands
    twice and for a value that is none (30 February)."""
    return yaml.load(text, Loader=_Strict)


class _Strict(yaml.SafeLoader):
    """Safe YAML that keeps no last of two keys, and names the line where Python names none."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError) as error:
            kind = node.tag.rpartition(":")[2]
            raise _fault_at(node, f"{str(node.value)[:40]!r} is no valid {kind}") from error


def _mapping(loader: _Strict, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    seen = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise _fault_at(key_node, "a key must be a word, not a list or a mapping")
        if key in seen:
            raise _fault_at(key_node, f"key {key!r} stands twice")
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _fault_at(node: yaml.Node, what: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, what, node.start_mark)


def fault_sentence(error: ValidationError, model: type[BaseModel], text: str) -> str:
    """Every fault as `line 3: key is value: what is wrong`, parted by semicolons.

    `model` is what the YAML `text` was to become.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    by_place: dict[tuple[int | str, ...], list[Any]] = {}
    for fault in error.errors():
        by_place.setdefault(_place(root, fault), []).append(fault)
    parts = []
    for place, faults in by_place.items():
        line = _line(root, place)
        parts.append((f"line {line}: " if line else "") + _part(place, faults, model))
    return "; ".join(dict.fromkeys(parts))


def _part(place: tuple[int | str, ...], faults: Sequence[Any], model: type[BaseModel]) -> str:
    key = ".".join(map(str, place))
    fault = faults[0]
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}{_hint(place, model)}"
    if fault["type"] == "missing":
        if isinstance(place[-1], int):
            return f"{'.'.join(map(str, place[:-1]))} has too few entries"
        return f"key {key} is missing"
    if fault["type"] == "too_long":
        return f"{key} has too many entries"
    said = " or ".join(dict.fromkeys(map(_wrong, faults))).replace(" or must be ", " or ")
    long = isinstance(fault["input"], dict | list) and len(str(fault["input"])) > 60
    if long or _is_secret(place, model):
        return f"{key}: {said}"
    return f"{key} is {fault['input']!r}: {said}{_nearest(fault)}"


def _is_secret(place: Sequence[int | str], model: type[BaseModel]) -> bool:
    """Whether a value is not to be told: that of a field without repr, or of a part with one."""
    parts = [model]
    for step in place:
        field = parts[0].model_fields.get(str(step)) if parts else None
        if field is None or not field.repr:
            return field is not None
        parts = list(_models(field.annotation))
    return any(not field.repr for part in parts for field in part.model_fields.values())


def _wrong(fault: Any) -> str:
    """What is wrong with the value of a key, or what is allowed there."""
    expected = _EXPECTED.get(fault["type"])
    if expected is None:
        return str(fault["msg"]).removeprefix("Value error, ")
    context = {name: str(value).replace("'", "") for name, value in fault.get("ctx", {}).items()}
    return f"must be {expected.format_map(context)}"


def _nearest(fault: Any) -> str:
    """A value that may have been meant, where the values are words."""
    if fault["type"] != "literal_error" or not isinstance(fault["input"], str):
        return ""
    words = fault["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
    return _did_you_mean(fault["input"], words)


def _hint(place: tuple[int | str, ...], model: type[BaseModel]) -> str:
    """The key that may have been meant, or those there are."""
    for step in place[:-1]:
        field = model.model_fields.get(str(step))
        if field is not None:
            model = next(_models(field.annotation), model)
    keys = list(model.model_fields)
    return _did_you_mean(str(place[-1]), keys) or f"; there are {', '.join(keys)}"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models a type is made of: X of X, of dict[str, X], of X | str."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _did_you_mean(word: str, words: Sequence[str]) -> str:
    near = get_close_matches(word, words, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _place(node: yaml.Node | None, fault: Any) -> tuple[int | str, ...]:
    """The keys that lead to a fault. Members of a union report themselves as steps of the path:
    a word that the file does not have there, and is not said to lack, is no key."""
    place: list[int | str] = []
    last = len(fault["loc"]) - 1
    for number, step in enumerate(fault["loc"]):
        below = _below(node, step)
        lacked = fault["type"] == "missing" and number == last
        if below is None and isinstance(step, str) and not lacked:
            continue
        place.append(step)
        node = below[1] if below else None
    return tuple(place)


def _line(node: yaml.Node | None, place: Sequence[int | str]) -> int | None:
    """The line on which the last known step of a path stands; None for a key that is not there."""
    line = None
    for step in place:
        below = _below(node, step)
        if below is None:
            return line
        mark, node = below
        line = mark.start_mark.line + 1
    return line


def _below(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """What stands at one step below a node, and what marks its line; None where nothing does."""
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in node.value if str(pair[0].value) == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _path(value: str) -> str:
    if not value.strip():
        raise ValueError("a path is expected, not nothing")
    if value.startswith("~"):
        raise ValueError("~ is no home folder here; write the whole path")
    if "\0" in value:
        raise ValueError("a path holds no null character")
    return value


# a folder or file, absolute or relative to study.yaml
Place = Annotated[str, AfterValidator(_path)]


def outputs_fault(root: Path, outputs: str, inputs: Mapping[str, str]) -> str | None:
    """What is wrong with the folder for outputs: it is the study's own, or it and one of inputs
    are, or hold, one another. `inputs` by key; paths are relative to `root`."""
    own = os.path.normpath(root / outputs)
    if own == os.path.normpath(root):
        return f"outputs is {outputs!r}, the folder of the study itself; name one of their own"
    for name, folder in inputs.items():
        other = os.path.normpath(root / folder)
        if os.path.commonpath([own, other]) in (own, other):
            return (
                f"outputs is {outputs!r} and inputs.{name} is {folder!r}: one lies in the other; "
                "name a folder of their own for outputs"
            )
    return None
