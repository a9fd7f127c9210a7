"""Telling someone elsewhere: a JSON message to a webhook. What is told is the caller's business."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10


def is_web_address(text: str) -> bool:
    """Whether a message can be posted there, as far as the address tells."""
    try:
        parts = urlsplit(text)
        # a port that is none raises too
        known = parts.scheme in ("http", "https") and parts.port != 0 and bool(parts.hostname)
    except ValueError:
        return False
    return known and not any(c.isspace() for c in text)


def post(webhook: str, message: Mapping[str, Any]) -> str:
    """POST `message` as JSON; returns what came of it in one sentence, and never raises.

    It goes to that address and nowhere else: no redirect is followed, and no proxy or password of
    the environment is used. All of it, the look-up of the name included, has TIMEOUT_SECONDS. The
    sentence names the host alone: the rest of a webhook's address is often its password.
    """
    host = "nowhere"
    try:
        host = urlsplit(webhook).hostname or host
    except ValueError as error:
        return f"the webhook at {host} was not reached ({type(error).__name__})"
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    # the system looks names up without a limit of ours: nobody waits for a thread that is late
    threading.Thread(target=lambda: said.put(_posted(webhook, host, message)), daemon=True).start()
    try:
        return said.get(timeout=TIMEOUT_SECONDS)
    except queue.Empty:
        return f"the webhook at {host} did not answer within {TIMEOUT_SECONDS} seconds"


def _posted(webhook: str, host: str, message: Mapping[str, Any]) -> str:
    import requests

    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                webhook,
                json=dict(message),
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                # what it says is not read: a hook may talk without end
                stream=True,
            )
            answer.close()
    except (requests.RequestException, ValueError, OSError) as error:
        return f"the webhook at {host} was not reached ({type(error).__name__})"
    if answer.is_redirect or 300 <= answer.status_code < 400:
        return (
            f"the webhook at {host} answered {answer.status_code}, which points elsewhere and was "
            "not followed; write the new address in study.yaml"
        )
    if not answer.ok:
        return f"the webhook at {host} answered {answer.status_code}"
    return f"told the webhook at {host}"
