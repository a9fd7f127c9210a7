"""Calls in worker processes: results, and each way a call can fail without taking others along."""

import os
import pickle
import signal
import time

import pytest

from dti_assets.compute.workers import Failure, Limits, run_limited


def square(number: int) -> int:
    return number * number


def misbehave(how: str) -> str:
    if how == "sleep":
        time.sleep(60)
    if how == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "grow":
        return str(len(bytearray(4 * 2**30)))
    if how == "raise":
        raise KeyError("no such thing")
    if how == "print":
        print("noise on standard output")
    return how


class Sealed:
    """Can be sent, and not opened at the other end."""

    def __reduce__(self):
        return int, ("no number",)


def sealed(number: int) -> int | Sealed:
    return Sealed() if number == 1 else number


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers import this module by name."""
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))


@pytest.mark.parametrize("workers", [1, 3])
def test_every_call_is_answered_once(workers: int) -> None:
    found = dict(run_limited(square, ((n,) for n in range(50)), workers))
    assert found == {n: n * n for n in range(50)}


def test_failures_are_named_and_the_others_go_on() -> None:
    calls = ["sleep", "fine", "die", "grow", "raise", "print", "fine"]
    found = dict(run_limited(misbehave, ((c,) for c in calls), 2, Limits(2.0, 2 * 2**30)))
    kinds = [found[i].kind if isinstance(found[i], Failure) else found[i] for i in range(7)]
    assert kinds == ["timeout", "fine", "died", "memory", "error", "print", "fine"]
    assert "signal 11" in found[2].reason and "no such thing" in found[4].reason


def test_stopping_early_ends_the_workers() -> None:
    started = time.monotonic()
    for index, _ in run_limited(misbehave, [("fine",), ("sleep",), ("sleep",)], 2):
        assert index == 0
        break
    assert time.monotonic() - started < 10


def test_an_error_in_the_calls_reaches_the_caller() -> None:
    def calls():
        yield (2,)
        raise RuntimeError("source dried up")

    with pytest.raises(RuntimeError, match="dried up"):
        list(run_limited(square, calls(), 1))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_cannot_pass_between_the_processes_reaches_the_caller(workers: int) -> None:
    found = {}
    with pytest.raises(ValueError, match="no number"):
        list(run_limited(sealed, [(0,), (1,), (2,)], workers))
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        for index, result in run_limited(square, [(2,), (lambda: 0,)], workers):
            found[index] = result
    assert found == {0: 4}
