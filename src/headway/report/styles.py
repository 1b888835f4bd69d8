"""How each head is drawn: a colour, a marker, a line and a hatch that all say the same."""

from __future__ import annotations

from dataclasses import dataclass

from headway.report.picture import BLUE, INK, OKABE_ITO, VERMILLION

__all__ = ["HeadStyle", "head_style", "shorten"]


@dataclass(frozen=True)
class HeadStyle:
    """Colour, marker, dash and hatch of one head; any two heads differ in all four."""

    colour: str
    marker: str
    dash: str | tuple[int, tuple[int, ...]]
    hatch: str | None


# Okabe and Ito's colours do not reach for ten heads: olive, wine and violet are Paul Tol's.
_STYLES = {
    "softmax": HeadStyle(BLUE, "o", "-", None),
    "sigmoid": HeadStyle(VERMILLION, "s", "--", "////"),
    "sparsemax": HeadStyle("#999933", "X", (0, (8, 2)), "++++"),
    "entmax": HeadStyle("#882255", "<", (0, (3, 1, 1, 1)), "oooo"),
    "focal": HeadStyle(INK, "p", (0, (6, 2, 2, 2)), "||||"),
    "asymmetric": HeadStyle("#aa4499", "h", (0, (2, 2)), "****"),
    "sigmoid+mse": HeadStyle(OKABE_ITO[2], "^", "-.", "...."),
    "double-softmax": HeadStyle(OKABE_ITO[3], "D", ":", "xxxx"),
    "softmax+bce": HeadStyle(OKABE_ITO[4], "v", (0, (5, 1, 1, 1, 1, 1)), "\\\\\\\\"),
}
_OTHER = HeadStyle(OKABE_ITO[5], "P", (0, (1, 1)), "----")


def head_style(name: str) -> HeadStyle:
    """Return how the head of that name is drawn; heads of the user's own share one style.

    Examples
    --------
    >>> head_style("softmax").marker, head_style("sigmoid").marker
    ('o', 's')
    """
    return _STYLES.get(name, _OTHER)


def shorten(name: str, most: int = 14) -> str:
    """Return `name`, cut with an ellipsis if it is longer than `most` characters.

    Examples
    --------
    >>> shorten("od280/od315_of_diluted_wines", 8)
    'od280/o…'
    """
    return name if len(name) <= most else name[: most - 1] + "…"
