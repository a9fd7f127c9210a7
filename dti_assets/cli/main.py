"""The entry point of `dti`: what Ctrl-C does, from the first moment to the last.

Exit status: 0 done, 1 an asset or a blocking check failed, 2 bad usage or bad input, 130
interrupted.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from importlib import import_module
from typing import Any

INTERRUPTED = 130
_told: list[int] = []


def main() -> None:
    """Run the command of this process. Ctrl-C ends it with one line and no traceback, while it
    loads, works or ends; a second Ctrl-C ends it at once."""
    ours = (
        threading.current_thread() is threading.main_thread()
        # not where a shell that starts it with & has it ignore Ctrl-C
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not ours:
        import_module("dti_assets.cli.commands").run_command()
        return
    signal.signal(signal.SIGINT, _leave)
    # what is loaded now has nothing to put away
    commands = import_module("dti_assets.cli.commands")
    # the end of the interpreter gives Ctrl-C back to the system, which tells of a killed process
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    sys.unraisablehook = _unraisable
    _told.clear()
    try:
        signal.signal(signal.SIGINT, _interrupt)
        commands.run_command()
    except SystemExit:
        raise
    except BaseException:
        # some libraries make another error of it
        if not _told:
            raise
        signal.signal(signal.SIGINT, _leave)
        _say("interrupted\n")
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, _leave)


def _interrupt(number: int, frame: Any) -> None:
    """Have the command end by itself, the first time."""
    _told.append(number)
    if len(_told) > 1:
        _leave(number, frame)
    raise KeyboardInterrupt


def _leave(number: int, frame: Any) -> None:
    """End this process at once; its workers see that it is gone."""
    _say("\ninterrupted\n")
    os._exit(INTERRUPTED)


def _say(line: str) -> None:
    try:
        os.write(2, line.encode())
    except OSError:  # nobody reads it
        return


def _unraisable(unraisable: Any) -> None:
    """An interrupt that came where Python lets no error through comes again a moment later."""
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    _told.clear()
    again = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()


def __getattr__(name: str) -> Any:
    """The group of commands, loaded when it is asked for."""
    if name == "cli":
        return import_module("dti_assets.cli.commands").cli
    raise AttributeError(name)
