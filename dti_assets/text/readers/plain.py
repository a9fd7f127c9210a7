"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import codecs
import re

from dti_assets.errors import UnreadableError
from dti_assets.text.readers.extract import Extract

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"II*\x00": "TIFF"}


def sniff(content: bytes) -> str:
    """`pdf`, `docx`, `html` or `txt`.

    Raises UnreadableError: `empty` for no bytes, `encrypted` for a protected Office file,
    `unsupported` (naming the format) for legacy Word, OFD, spreadsheets, images, archives.
    """
    if not content.strip(b"\x00\t\r\n "):
        raise UnreadableError("empty", "the file holds no bytes" if not content else "only blanks")
    head = content[:1024]
    if b"%PDF-" in head:
        return "pdf"
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise UnreadableError("encrypted", "an Office file protected by a password")
        raise UnreadableError("unsupported", "legacy Office format; save it as .docx")
    if content.startswith(b"PK\x03\x04"):
        return _archive(content)
    if content.startswith(b"{\\rtf"):
        raise UnreadableError("unsupported", "RTF; save it as .docx")
    for magic, name in _IMAGES.items():
        if content.startswith(magic):
            raise UnreadableError("unsupported", f"a {name} image; reports must hold text")
    if content.startswith((b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise UnreadableError("unsupported", "an archive; unpack it first")
    lead = content[:4096].lstrip(b"\xef\xbb\xbf\t\r\n ").replace(b"\x00", b"").lower()
    if lead.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body", b"<!--")) or (
        b"<html" in lead or b"<body" in lead or (b"<p" in lead and b"</p>" in lead)
    ):
        return "html"
    if head.count(b"\x00") > len(head) // 10 and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError("unsupported", "binary data of an unknown kind")
    return "txt"


def _archive(content: bytes) -> str:
    import io
    import zipfile

    try:
        names = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise UnreadableError("damaged", f"a broken or cut-off zip container ({error})") from error
    if "word/document.xml" in names:
        return "docx"
    if "OFD.xml" in names:
        raise UnreadableError("unsupported", "OFD; save it as PDF")
    if any(name.startswith("xl/") for name in names):
        raise UnreadableError("unsupported", "a spreadsheet, not a report")
    raise UnreadableError("unsupported", "a zip archive; unpack it first")


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


_END = re.compile(r"[。！？：；.!?:;”）)》]$")


def read_txt(content: bytes) -> Extract:
    """See read_bytes."""
    text, encoding = decode(content)
    lines = [line.rstrip() for line in text.splitlines()]
    joined = join_wrapped(lines)
    notes = [] if joined is lines else ["lines wrapped at a fixed width were joined"]
    return Extract(joined, engine="text", encoding=encoding, notes=notes)


def join_wrapped(lines: list[str]) -> list[str]:
    """Paragraphs of hard-wrapped text; `lines` itself where the lines are paragraphs already.

    Text counts as wrapped where most lines that are not blank reach the same right edge without
    ending a sentence. A wrapped line continues into the next unless it is short, ends a sentence
    early, or the next one is indented.
    """
    lengths = sorted(len(line) for line in lines if line.strip())
    if len(lengths) < 20:
        return lines
    width = lengths[int(len(lengths) * 0.9)]
    full = [line for line in lines if len(line) >= width - 3]
    open_ended = sum(1 for line in full if not _END.search(line))
    if not 15 <= width <= 120 or len(full) < 0.5 * len(lengths) or open_ended < 0.5 * len(full):
        return lines
    paragraphs: list[str] = []
    continues = False
    for line in lines:
        if continues and line.strip() and not line.startswith(("\u3000\u3000", "  ", "\t")):
            # a space between two ASCII words would be lost with the line break
            gap = " " if paragraphs[-1][-1:].isascii() and line[:1].isascii() else ""
            paragraphs[-1] += gap + line
        else:
            paragraphs.append(line)
        continues = len(line) >= width - 3
    return paragraphs
