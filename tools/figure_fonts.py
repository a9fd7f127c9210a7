"""Cut the fonts of the figures from DejaVu Sans, which comes with matplotlib, and Noto Sans CJK SC.

    python tools/figure_fonts.py NotoSansCJK-Regular.ttc

writes two files below dti_assets/reference/fonts, each under a family name of its own, so that no
installed font is taken in its place. figure_latin.ttf has the Latin, Greek and Cyrillic letters,
punctuation and mathematical signs with their kerning, without ligatures; figure_han.ttf the 3,755
characters of GB 2312 level 1 and those of the shipped lists, as quadratic outlines (PDF wants
them). To be run when a shipped list gains a character.

A PDF holds the glyphs that it uses, which are cut out each time: from the whole DejaVu Sans, most
of whose characters no figure has, that takes five times as long.
"""

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph, table__g_l_y_f
from matplotlib.font_manager import findfont

from dti_assets.publishing.figures.drawing import HAN_FONT, LATIN_FONT

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "dti_assets" / "reference"
LATIN, HAN = "DejaVu Sans", "Noto Sans CJK SC"
# of the font's 1,000 units to the em
_TOLERANCE = 1.0


def characters() -> set[str]:
    """GB 2312 level 1 (rows 16 to 55), the shipped terms, provinces, candidates, punctuation."""
    cells = [bytes((0xA0 + row, 0xA0 + cell)) for row in range(16, 56) for cell in range(1, 95)]
    found = set("".join(cell.decode("gb2312", "ignore") for cell in cells)) | set(
        "、。，：；（）“”《》—…·"
    )
    for path in [*(ROOT / "dictionaries").glob("*.csv"), REFERENCE / "units" / "provinces.csv"]:
        with path.open(encoding="utf-8", newline="") as handle:
            found |= {character for row in csv.reader(handle) for character in "".join(row[:3])}
    candidates = pq.read_table(REFERENCE / "provinces" / "candidate_terms.parquet")[
        "term"
    ].to_pylist()
    return {c for c in found | set("".join(candidates)) if ord(c) >= 0x2000}


def main() -> None:
    number = next(n for n in range(99) if _family(TTFont(sys.argv[1], fontNumber=n)) == HAN)
    cut_latin(TTFont(findfont(LATIN), recalcTimestamp=False))
    cut_han(TTFont(sys.argv[1], fontNumber=number, recalcTimestamp=False))


def cut_latin(font: TTFont) -> None:
    # kerning in its oldest form, which takes the least time; a ligature would be no letters to
    # who searches a PDF
    options = subset.Options(layout_features=[], legacy_kern=True)
    options.drop_tables = [table for table in options.drop_tables if table != "kern"]
    options.drop_tables += ["FFTM", "MATH", "GPOS", "GSUB", "GDEF"]
    signs = [c for c in font.getBestCmap() if c < 0x500 or 0x1E00 <= c < 0x2600]
    _cut(font, options, signs)
    _save(font, LATIN_FONT, LATIN, "figure_latin.ttf")


def cut_han(font: TTFont) -> None:
    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True)
    options.drop_tables += ["BASE", "GPOS", "GSUB", "GDEF", "VORG", "vhea", "vmtx"]
    _cut(font, options, map(ord, characters()))
    _quadratic(font)
    _save(font, HAN_FONT, HAN, "figure_han.ttf")


def _cut(font: TTFont, options: subset.Options, codes: Iterable[int]) -> None:
    options.name_IDs = [0, 13]
    cut = subset.Subsetter(options)
    cut.populate(unicodes=codes)
    cut.subset(font)


def _save(font: TTFont, family: str, source: str, file: str) -> None:
    """Under another name, as the licences ask."""
    for identifier, text in (
        *((1, family), (2, "Regular"), (3, f"{family} cut from {source}")),
        *((4, family), (6, family.replace(" ", ""))),
    ):
        font["name"].setName(text, identifier, 3, 1, 0x409)
    target = REFERENCE / "fonts" / file
    font.save(target)
    print(f"{file}: {len(font.getGlyphOrder()):,} glyphs, {target.stat().st_size:,} bytes")


def _family(font: TTFont) -> str | None:
    return font["name"].getDebugName(1)


def _quadratic(font: TTFont) -> None:
    """Cubic outlines (CFF) into quadratic ones (glyf), in place."""
    order, shapes = font.getGlyphOrder(), font.getGlyphSet()
    drawn: dict[str, Glyph] = {}
    for name in order:
        pen = TTGlyphPen(None)
        shapes[name].draw(Cu2QuPen(pen, _TOLERANCE, reverse_direction=True))
        drawn[name] = pen.glyph()
    glyf: table__g_l_y_f = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = order, drawn
    del font["CFF "]
    font["loca"], font["glyf"] = newTable("loca"), glyf
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for key in (
        *("maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"),
        *("maxStackElements", "maxSizeOfInstructions", "maxComponentElements"),
    ):
        setattr(maxp, key, 0)
    maxp.maxZones = 1
    post = font["post"]
    post.formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"
    font["hmtx"].metrics = {name: font["hmtx"].metrics[name] for name in order}


if __name__ == "__main__":
    main()
