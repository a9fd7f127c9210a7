"""What every figure shares: its look, what stands in for one that cannot be drawn, and its bytes.

Colours are those of Okabe and Ito, which the colour-blind tell apart; nothing is told by colour
alone. Fonts come with this package, so that the same study gives the same bytes anywhere.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from dti_assets.publishing.typesetting import english, with_minus
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")

BLACK, BLUE, ORANGE, GREEN, RED, GREY = (
    *("#000000", "#0072b2", "#e69f00", "#009e73", "#d55e00", "#767676"),
)
# of a printed page, in inches
WIDTH = 6.5
# cut by tools/figure_fonts.py; the second has common Chinese characters, which the first lacks
LATIN_FONT, HAN_FONT = "DTI Figure Latin", "DTI Figure Han"
_SETTINGS: dict[str, Any] = {
    "font.family": [LATIN_FONT, HAN_FONT],
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "lines.linewidth": 1.4,
    "savefig.facecolor": "white",
    # a dollar sign in the name of a variable is no formula
    "text.parse_math": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "dti-assets",
}
_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
}
DPI = 200


class NothingToDraw(Exception):
    """The data of a figure are absent; the message is the reason."""


@dataclass(frozen=True)
class Drawing:
    """A figure with its title and what it says in words and numbers (`alt`), or the reason why
    there is none."""

    name: str
    title: str
    alt: str | None = None
    figure: Figure | None = None
    reason: str | None = None


def drawing(
    name: str, title: str
) -> Callable[
    [Callable[Concatenate[Units, P], tuple[Figure, str]]], Callable[Concatenate[Units, P], Drawing]
]:
    """Make a Drawing of a function that gives figure and alt text, or raises NothingToDraw.

    The function is handed the units of the study first; `title` may say {unit} and {units}.
    """

    def decorate(
        draw: Callable[Concatenate[Units, P], tuple[Figure, str]],
    ) -> Callable[Concatenate[Units, P], Drawing]:
        @wraps(draw)
        def drawn(units: Units, /, *args: P.args, **kwargs: P.kwargs) -> Drawing:
            said = units.level.words(title)
            with settings():
                try:
                    figure, alt = draw(units, *args, **kwargs)
                except NothingToDraw as why:
                    return Drawing(name, said, reason=printable(str(why), units))
                # laid out once, so that every format shows the same and none lays it out again
                engine = figure.get_layout_engine()
                assert engine is not None
                engine.execute(figure)
                # with "none" for None matplotlib would go through each figure once more
                figure.set_layout_engine(None)
            return Drawing(name, said, with_minus(printable(alt, units)), figure)

        return drawn

    return decorate


@contextmanager
def settings() -> Iterator[None]:
    """The look of all figures, whatever the user's own matplotlibrc says."""
    import matplotlib

    _fonts()
    look: dict[Any, Any] = dict(_SETTINGS)
    for key in matplotlib.rcParamsDefault:
        # the defaults' backend is none yet, and asking for it would choose one
        if not key.startswith("backend"):
            look.setdefault(key, matplotlib.rcParamsDefault[key])
    with matplotlib.rc_context(look):
        yield


def new_figure(height: float, rows: int = 1, columns: int = 1, **more: Any) -> tuple[Figure, Any]:
    """A figure as wide as a printed page with its axes, always as a two-dimensional array."""
    from matplotlib.figure import Figure

    # laid out at the resolution of the picture: at a lower one letters are narrower by a twentieth
    figure = Figure(figsize=(WIDTH, height), layout="constrained", dpi=DPI)
    return figure, figure.subplots(rows, columns, squeeze=False, **more)


def content(drawn: Drawing, form: str) -> bytes:
    """The figure as pdf, png or svg; the same figure gives the same bytes."""
    if drawn.figure is None:
        raise ValueError(f"{drawn.name} has no figure: {drawn.reason}")
    sink = io.BytesIO()
    with settings():
        if form == "pdf":
            _write_pdf(drawn.figure, sink)
        else:
            drawn.figure.savefig(sink, format=form, dpi=DPI, metadata=_METADATA[form])
    return sink.getvalue()


def preview(png: bytes, width: int) -> bytes:
    """A picture made small: `width` pixels wide, of 64 colours."""
    from PIL import Image

    sink = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        size = width, round(picture.height * width / picture.width)
        small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        small.quantize(64).save(sink, "png", optimize=True)
    return sink.getvalue()


def _write_pdf(figure: Figure, sink: io.BytesIO) -> None:
    """The figure with its fonts in the order of their names.

    matplotlib sorts them by path, which would make the bytes depend on where this package and
    matplotlib are installed.
    """
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.font_manager import FontPath

    class ByName(FontPath):
        def __lt__(self, other: str) -> bool:
            return PurePath(self).name < PurePath(other).name

    with PdfPages(sink, metadata=_METADATA["pdf"]) as pages:
        figure.savefig(pages, format="pdf", dpi=DPI)
        file: Any = pages._file
        file._fontNames = {
            (ByName(path, path.face_index), subset): name
            for (path, subset), name in file._fontNames.items()
        }


def printable(text: str, units: Units) -> str:
    """Units by their English names; a character without a glyph becomes a question mark."""
    known = _glyphs()
    return "".join(c if ord(c) in known or c.isspace() else "?" for c in english(text, units))


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(code for path in _fonts() for code in get_font(path).get_charmap())


@lru_cache(maxsize=1)
def _fonts() -> list[str]:
    """Paths of the fonts, made known to matplotlib."""
    from importlib.resources import files

    from matplotlib.font_manager import fontManager

    folder = files("dti_assets.reference") / "fonts"
    paths = [str(folder / name) for name in ("figure_latin.ttf", "figure_han.ttf")]
    for path in paths:
        fontManager.addfont(path)
    return paths


def brief(value: float | None) -> str:
    """A number for the eye: about three digits, thousands marked."""
    if value is None or value != value:
        return "no value"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 1e6:
        text = f"{value:.2e}"
    elif size >= 99.95:
        text = f"{value:,.0f}"
    elif size >= 9.995:
        text = f"{value:.1f}"
    elif size >= 0.0995 or value == 0:
        text = f"{value:.2f}" if value else "0"
    else:
        text = f"{value:.3f}" if size >= 0.001 else f"{value:.1e}"
    return with_minus(text)


def tick_numbers(axis: Any) -> None:
    """Plain numbers at the ticks, on logarithmic scales too, where matplotlib sets formulas."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    axis.set_minor_formatter(NullFormatter())


def _tick(value: float) -> str:
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"
    return with_minus("0" if float(text.replace(",", "")) == 0 else text)


def stretched(values: Any) -> bool:
    """Whether a few values lie so far out that a linear axis would show the others as one."""
    import numpy as np

    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if len(finite) < 3:
        return False
    middle = np.subtract(*np.quantile(finite, [0.85, 0.15]))
    return bool(np.ptp(finite) > 12 * middle > 0)


def fit_scale(ax: Axes, which: str, values: Any) -> None:
    """A linear axis, or one linear about zero and logarithmic beyond, labelled as such."""
    import numpy as np

    axis = ax.xaxis if which == "x" else ax.yaxis
    if stretched(values):
        from matplotlib.ticker import SymmetricalLogLocator

        finite = np.asarray(values, dtype=float)
        finite = np.abs(finite[np.isfinite(finite)])
        threshold = 10.0 ** math.floor(math.log10(float(np.median(finite)) or 1.0))
        set_scale = ax.set_xscale if which == "x" else ax.set_yscale
        set_scale("symlog", linthresh=threshold)
        decades = math.log10(max(float(finite.max()) / threshold, 1.0))
        locator = SymmetricalLogLocator(base=10, linthresh=threshold)
        locator.set_params(numticks=7 if decades > 3 else 9)
        axis.set_major_locator(locator)
        label = axis.get_label_text()
        axis.set_label_text(f"{label}\n(logarithmic beyond ±{_tick(threshold)})")
    tick_numbers(axis)
