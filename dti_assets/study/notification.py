"""Telling someone elsewhere: a JSON message to a webhook. What is told is the caller's business."""

from __future__ import annotations

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

    The sentence names the host alone: the rest of a webhook's address is often its password.
    """
    import requests

    host = "nowhere"
    try:
        host = urlsplit(webhook).hostname or host
        answer = requests.post(webhook, json=dict(message), timeout=TIMEOUT_SECONDS)
    except (requests.RequestException, ValueError) as error:
        return f"the webhook at {host} was not reached ({type(error).__name__})"
    if not answer.ok:
        return f"the webhook at {host} answered {answer.status_code}"
    return f"told the webhook at {host}"
