"""A PDF whose compressed parts are damaged is no report with fewer words."""

import io
import random
import re
import zlib
from pathlib import Path

import samples
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from dti_assets.text.readers.pdf_streams import broken_streams
from dti_assets.text.readers.reading import read_bytes

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def _pdf() -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out, pageCompression=1)
    # without reportlab's second filter, which writes the compressed bytes as letters
    canvas._doc.compression = 1
    from reportlab import rl_config

    rl_config.useA85 = 0
    for _ in range(3):
        canvas.setFont("STSong-Light", 10)
        for number, line in enumerate(samples.report_lines("浙江省", 2015)[:40]):
            canvas.drawString(50, 800 - 18 * number, line[:40])
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def test_whole_streams() -> None:
    content = _pdf()
    assert len(_STREAM.findall(content)) >= 3
    assert broken_streams(content) == 0


def test_every_changed_byte_is_found() -> None:
    content = _pdf()
    start, end = next((m.start(1), m.end(1)) for m in _STREAM.finditer(content))
    chance = random.Random(0)
    # the last bytes are line ends between the stream and its mark
    for at in range(start, end - 3):
        changed = bytearray(content)
        changed[at] ^= 1 << chance.randrange(8)
        assert broken_streams(bytes(changed)) == 1, at - start


def test_a_checksum_that_was_never_written_is_no_damage() -> None:
    text = zlib.compress(b"BT (1) Tj ET" * 50)
    for end in (b"\nendstream", b"\r\nendstream", b"endstream"):
        content = b"1 0 obj <</Filter/FlateDecode>> stream\n" + text[:-4] + end
        assert broken_streams(content) == 0
        cut = b"1 0 obj <</Filter/FlateDecode>> stream\n" + text[:-9] + end
        assert broken_streams(cut) == 1


def test_pictures_other_filters_and_encrypted_files_are_left_out() -> None:
    for head in (
        b"<</Subtype/Image/Filter/FlateDecode>>",
        b"<</Filter/DCTDecode>>",
        b"<</Filter[/ASCII85Decode /FlateDecode]>>",
    ):
        assert broken_streams(b"1 0 obj " + head + b" stream\nabc\nendstream") == 0
    damaged = b"1 0 obj <</Filter/FlateDecode>> stream\nabc\nendstream"
    assert broken_streams(damaged) == 1
    assert broken_streams(damaged + b"trailer <</Encrypt 5 0 R>>") == 0


def test_a_report_with_a_damaged_stream_is_damaged() -> None:
    content = bytearray(_pdf())
    start = next(m.start(1) for m in _STREAM.finditer(content))
    content[start + 30] ^= 4
    reading = read_bytes(bytes(content))
    assert reading.status == "damaged"
    assert "checksum" in reading.reason


def test_no_real_report_is_taken_for_damaged(shared: Path) -> None:
    for path in sorted(shared.rglob("*.pdf")):
        assert broken_streams(path.read_bytes()) == 0, path.name
