"""Bytes to text without guessing: byte-order mark, strict UTF-8, strict GB18030, or an error."""

from __future__ import annotations

import codecs

from dti_assets.errors import UnreadableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes) -> tuple[str, str]:
    """The text and the encoding it was decoded with.

    GB18030 contains GBK and GB2312, so a page that declares those is read as GB18030. Raises
    UnreadableError: `damaged` where UTF-8 breaks off inside the last character, `garbled` where
    neither encoding fits.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise _cut_or_garbled(error, encoding) from error
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        # GB18030 would read cut UTF-8 as plausible rubbish: the last bytes decide first
        if error.reason == "unexpected end of data" and error.start > 0:
            raise _cut_or_garbled(error, "utf-8") from error
        first = error
    try:
        return content.decode("gb18030"), "gb18030"
    except UnicodeDecodeError as error:
        if error.reason == "incomplete multibyte sequence" and error.start >= len(content) - 4:
            raise _cut_or_garbled(error, "gb18030") from error
        raise UnreadableError(
            "garbled",
            f"neither UTF-8 (byte {first.start}) nor GB18030 (byte {error.start})",
        ) from error


def _cut_or_garbled(error: UnicodeDecodeError, encoding: str) -> UnreadableError:
    if error.start >= len(error.object) - 4:
        return UnreadableError("damaged", f"{encoding} text cut off inside its last character")
    return UnreadableError("garbled", f"not valid {encoding} at byte {error.start}")
