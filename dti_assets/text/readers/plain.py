"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

import codecs
import re

from dti_assets.errors import UnreadableError
from dti_assets.text.readers.docx import is_word
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
    start = lead(content)
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
    if start.startswith(b"<?xml") and (b"<pkg:package" in start or b"/wordml" in start):
        raise UnreadableError("unsupported", "a Word document as XML; save it as .docx")
    if (
        _TAG.match(start)
        or b"<html" in start
        or b"<body" in start
        or (b"<p" in start and b"</p>" in start)
    ):
        return "html"
    if re.match(rb"[a-z][a-z-]*:[^\n]*\n", start) and b"\nmime-version:" in b"\n" + start:
        return "html"  # a web archive
    if head.count(b"\x00") > len(head) // 10 and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError("unsupported", "binary data of an unknown kind")
    return "txt"


# what a page may begin with
_TAG = re.compile(rb"<(?:!doctype html|!--|\?xml|/?[a-z][a-z0-9]*[\s/>])")


def lead(content: bytes) -> bytes:
    """What a file begins with after marks and blanks, in lower case, without the zero bytes of
    UTF-16."""
    start = content[: 1 << 20].lstrip(_BLANKS)
    if len(start) < 4096 < len(content):
        start = content.lstrip(_BLANKS)
    return start[:8192].replace(b"\x00", b"").lstrip(_BLANKS).lower()


_BLANKS = b"\xef\xbb\xbf\xff\xfe\x00\t\r\n\x0b\x0c "


def _archive(content: bytes) -> str:
    import io
    import zipfile
    import zlib

    try:
        container = zipfile.ZipFile(io.BytesIO(content))
        names = set(container.namelist())
        if "word/document.xml" in names or is_word(container, len(content)):
            return "docx"
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, KeyError, ValueError,
            OSError) as error:  # fmt: skip
        raise UnreadableError("damaged", f"a broken or cut-off zip container ({error})") from error
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


# one damaged byte among so many is damage, not another encoding
_SOUND_BYTES = 1000


def decode(content: bytes, warnings: list[str] | None = None) -> tuple[str, str]:
    """The text and the encoding it was decoded with.

    GB18030 contains GBK and GB2312, so a page that declares those is read as GB18030. A few
    damaged bytes are left out, which goes to `warnings`. Raises UnreadableError: `damaged` where
    UTF-8 breaks off inside the last character, `garbled` where neither encoding fits.
    """
    warnings = [] if warnings is None else warnings
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding), encoding
            except UnicodeDecodeError as error:
                if (text := _mended(content, encoding, error, warnings)) is not None:
                    return text, encoding
                raise _cut_or_garbled(error, encoding) from error
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        # GB18030 would read cut UTF-8 as plausible rubbish: the last bytes decide first
        if error.reason == "unexpected end of data" and error.start > 0:
            raise _cut_or_garbled(error, "utf-8") from error
        first = error
        # before GB18030, which reads most damaged UTF-8 as plausible rubbish
        if (text := _mended(content, "utf-8", error, warnings)) is not None:
            return text, "utf-8"
    try:
        return content.decode("gb18030"), "gb18030"
    except UnicodeDecodeError as error:
        if error.reason == "incomplete multibyte sequence" and error.start >= len(content) - 4:
            raise _cut_or_garbled(error, "gb18030") from error
        if (text := _mended(content, "gb18030", error, warnings)) is not None:
            return text, "gb18030"
        raise UnreadableError(
            "garbled",
            f"neither UTF-8 (byte {first.start}) nor GB18030 (byte {error.start})",
        ) from error


def _mended(
    content: bytes, encoding: str, error: UnicodeDecodeError, warnings: list[str]
) -> str | None:
    """The text without its few damaged bytes; None where they are too many, or the last ones."""
    if error.start >= len(content) - 4:
        return None
    text = content.decode(encoding, errors="replace")
    damaged = text.count("\ufffd")
    if damaged * _SOUND_BYTES > max(len(content), _SOUND_BYTES):
        return None
    kept = text.replace("\ufffd", "")
    if not kept or kept.isascii():
        return None
    warnings.append(
        f"damaged bytes from byte {error.start:,} on ({damaged} places) are left out; a character "
        "may be missing there"
    )
    return kept


def _cut_or_garbled(error: UnicodeDecodeError, encoding: str) -> UnreadableError:
    if error.start >= len(error.object) - 4:
        return UnreadableError("damaged", f"{encoding} text cut off inside its last character")
    return UnreadableError("garbled", f"not valid {encoding} at byte {error.start}")


_END = re.compile(r"[。！？：；.!?:;”）)》]$")


def read_txt(content: bytes) -> Extract:
    """See read_bytes."""
    warnings: list[str] = []
    text, encoding = decode(content, warnings)
    lines = [line.rstrip() for line in lines_of(text)]
    joined = join_wrapped(lines)
    notes = [] if joined is lines else ["lines wrapped at a fixed width were joined"]
    return Extract(joined, engine="text", encoding=encoding, notes=notes, warnings=warnings)


# line ends that other systems and word processors write; most files have them inside paragraphs
_OTHER_END = re.compile(
    "(?<=[。！？；：!?;:”）)])[\u000b\u000c\u0085\u2028\u2029]|[\u000b\u000c\u0085\u2028\u2029]$"
)
_ANY_OTHER = re.compile("[\u000b\u000c\u0085\u2028\u2029]")


def lines_of(text: str) -> list[str]:
    """The lines of a text. VT, FF, U+0085, U+2028 and U+2029 end one after a sentence, or
    everywhere in a text that has no other ends; elsewhere they may stand inside a word."""
    lines = re.split("\r\n|\n|\r", text)
    if not _ANY_OTHER.search(text):
        return lines
    end = _ANY_OTHER if len(_ANY_OTHER.findall(text)) > 2 * len(lines) else _OTHER_END
    return [piece for line in lines for piece in end.split(line)]


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
