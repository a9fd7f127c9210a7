"""Standard output and error of a command whose reader may have gone, or knows few characters."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from typing import Any, TextIO, cast

import click


def set_up(showing: Collection[str]) -> None:
    """Ready both streams. A command of `showing` ends well when nobody reads it any more (head has
    enough); any other goes on, and its status says how its work ended."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        # closed by who started the command: nothing is said
        if stream is None:
            continue
        # of another encoding than UTF-8, or a file name that is in none
        if getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, cast(TextIO, _Stream(stream, showing)))


class _Stream:
    """A stream that takes what is written though its reader has gone."""

    def __init__(self, stream: Any, showing: Collection[str]) -> None:
        self._stream = stream
        self._showing = showing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return int(self._stream.write(text))
        except BrokenPipeError:
            self._unread()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._unread()

    def _unread(self) -> None:
        # what is left to write goes nowhere, also at the end of the process
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        context = click.get_current_context(silent=True)
        if context is not None and context.find_root().invoked_subcommand in self._showing:
            raise click.exceptions.Exit(0)
