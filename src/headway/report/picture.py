"""A picture: a matplotlib figure with its name, its title and its description in words.

Everything is drawn with matplotlib's object interface inside `drawing_style()`, which restores
the caller's settings; the fixed hash salt and the missing date make the files the same each time.

Colours are Okabe and Ito's (2008, "Color Universal Design"), and never carry a meaning alone:
markers, line styles and hatches say the same.  In a web page the inks of text, grid and heads
become CSS variables, so that one drawing serves light and dark.
"""

from __future__ import annotations

import html
import io
import os
import re
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from headway.errors import InputValueError

__all__ = [
    "BLUE",
    "GRID",
    "INK",
    "MUTED",
    "OKABE_ITO",
    "PAPER",
    "VERMILLION",
    "Picture",
    "blank_figure",
    "drawing_style",
    "plain_frame",
    "plain_log_ticks",
    "to_inline_svg",
    "write_picture",
    "write_text",
]

INK, MUTED, GRID, PAPER = "#1b1f27", "#5a6170", "#d8dbe2", "#fefefe"
BLUE, VERMILLION = "#0072b2", "#d55e00"
OKABE_ITO = (BLUE, VERMILLION, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")

WIDTH = 3.75  # inches: a phone's width at a readable size
DOTS = 200

_CSS_NAMES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    PAPER: "var(--paper)",
    BLUE: "var(--blue)",
    VERMILLION: "var(--vermillion)",
}

_STYLE: dict[Any, Any] = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.8,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.7,
    "lines.markersize": 4.5,
    "path.simplify": True,
    "savefig.facecolor": "white",
    "svg.hashsalt": "headway",
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.0,
}


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawing that says what it shows.

    Attributes
    ----------
    name : str
        Stem of its file, in lower case with hyphens.
    title : str
        What it shows, as a sentence; drawn above it.
    description : str
        The same in words for those who cannot see it.
    figure : matplotlib Figure
        The drawing.
    """

    name: str
    title: str
    description: str
    figure: Figure


@contextmanager
def drawing_style() -> Iterator[None]:
    """Hold headway's drawing settings for the time of the block."""
    with mpl.rc_context({**mpl.rcParamsDefault, **_STYLE}):
        yield


def blank_figure(title: str, height: float, *, width: float = WIDTH) -> Figure:
    """Return an empty figure of that size in inches, with its title wrapped on top."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(
        textwrap.fill(title, int(width * 12.2), break_on_hyphens=False),
        x=0.01,
        horizontalalignment="left",
        fontsize=9.5,
        fontweight="bold",
        color=INK,
    )
    return figure


def plain_frame(axes: Axes, *, grid: Literal["x", "y", "both"] | None = "y") -> Axes:
    """Return the axes with quiet grid lines behind the data."""
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid)
    axes.tick_params(length=2.5)
    return axes


def plain_log_ticks(axes: Axes) -> None:
    """Write the logarithmic vertical axis as 0.1, 1, 10 (a short one as 0.1, 0.2, 0.5, 1).

    Call it when everything is drawn: the ticks depend on how far the axis reaches.
    """
    low, high = axes.get_ylim()
    subs = (1.0, 2.0, 5.0) if high < 100 * low else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=subs))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def to_inline_svg(picture: Picture) -> str:
    """Return the picture as an SVG element to set into a web page.

    Text stays text, colours become CSS variables, ids carry the picture's name (many pictures
    share one page), and the width is left to the page.
    """
    svg = _render(picture.figure, "svg", {"svg.fonttype": "none"}).decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s*<!--.*?-->", "", svg, flags=re.DOTALL)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(
        r' id="([^"]+)"',
        lambda match: f' id="{picture.name}-{match[1]}"' if match[1] in used else "",
        svg,
    )
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{picture.name}-", svg)
    svg = re.sub(r"font-family:[^;\"]*;?", "", svg)
    svg = re.sub(r"(font:[^;\"]*?px) [^;\"]*", r"\1 var(--figure-font)", svg)
    for colour, name in _CSS_NAMES.items():
        svg = svg.replace(colour, name)
    svg = re.sub(r"\n\s*", "\n", svg)
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0]
    label = html.escape(f"{picture.title} {picture.description}", quote=True)
    opening = (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return re.sub(r"<svg[^>]*>", lambda _: opening, svg, count=1)


def write_picture(picture: Picture, path: str | os.PathLike[str]) -> Path:
    """Return `path` after writing the picture there; the suffix says how: svg, png or pdf.

    Raises
    ------
    InputValueError
        If the suffix is another one.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png", "pdf"):
        raise InputValueError(
            f"A picture's file must end in .svg, .png or .pdf, got '{path.name}'. "
            f"Write for example '{path.with_suffix('.svg').name}'."
        )
    _replace(path, _render(picture.figure, kind, {"svg.fonttype": "path"}))
    return path


def write_text(text: str, path: str | os.PathLike[str]) -> Path:
    """Return `path` after putting the text there in one step (UTF-8)."""
    path = Path(path)
    _replace(path, text.encode("utf-8"))
    return path


def _render(figure: Figure, kind: str, settings: dict[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    with drawing_style(), mpl.rc_context(settings):
        _settle(figure)
        figure.savefig(
            buffer,
            format=kind,
            dpi=DOTS,
            metadata=dates[kind],
            transparent=settings.get("svg.fonttype") == "none",
        )
    return buffer.getvalue()


def _settle(figure: Figure) -> None:
    """Lay the figure out once for all: every further pass would shift it a little.

    Two passes, because the first moves the panels, and with them ticks and their labels.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        engine.execute(figure)
        figure.set_layout_engine("none")


def _replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` by renaming a finished file beside it."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, _mode_of(path))
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _mode_of(path: Path) -> int:
    """Return the permissions `path` has, or those of a new file (mkstemp's are 0600)."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
