"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

from dti_assets.errors import UnreadableError

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
