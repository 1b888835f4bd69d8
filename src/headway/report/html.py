"""The report: one HTML file that needs nothing else, for a desk, a phone and paper.

Pictures are SVG elements inside the page, small images are data URIs, the style sheet stands in
the head: no file, no script and no network is needed to read it.  The page is written beside its
place and renamed, so that a reader never meets half of it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from headway.comparison import Comparison
from headway.explain import TrainingStory, worked_example
from headway.report.curves import jacobians_picture
from headway.report.gallery import comparison_pictures
from headway.report.logits import logits_picture
from headway.report.page import page_values
from headway.report.picture import Picture, to_inline_svg, write_text
from headway.report.story import story_pictures

__all__ = ["render_report", "write_report"]


def write_report(
    comparison: Comparison,
    path: str | os.PathLike[str],
    story: TrainingStory | None = None,
) -> Path:
    """Return `path` after writing the report of a comparison there.

    Parameters
    ----------
    comparison : Comparison
        What `compare` returned.
    path : path
        The HTML file; its folder must exist.
    story : TrainingStory, optional
        What `follow_example` returned: one training example followed through the heads.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from headway.comparison import compare
    >>> X, y = load_iris(return_X_y=True)
    >>> result = compare(X, y, models=("linear",), seeds=2, name="iris")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_report(result, folder + "/report.html").read_text(encoding="utf-8")
    >>> "<title>Softmax or sigmoid? iris</title>" in page
    True
    """
    return write_text(render_report(comparison, story), path)


def render_report(comparison: Comparison, story: TrainingStory | None = None) -> str:
    """Return the report of a comparison as one HTML page."""
    environment = Environment(
        loader=PackageLoader("headway.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg"] = _svg
    environment.filters["held"] = _held
    environment.filters["typeset"] = _typeset
    return environment.get_template("report.html.j2").render(
        pictures=comparison_pictures(comparison),
        worked=logits_picture(worked_example()),
        jacobians=jacobians_picture(),
        story_pictures={} if story is None else {p.name: p for p in story_pictures(story)},
        **page_values(comparison, story),
    )


def _held(sentence: str) -> str:
    """Return the sentence with "95 %" kept on one line."""
    return sentence.replace(" %", "\u00a0%")


def _typeset(sentence: str) -> str:
    """Return plain text with true minus and times signs."""
    sentence = re.sub(r"(?<=[ (])-(?=[\d| r])", "\u2212", sentence)
    return sentence.replace(" x ", " \u00d7 ").replace("^2", "\u00b2")


def _svg(picture: Picture) -> Markup:
    """Return the picture as an element that jinja will not escape (its text is escaped)."""
    return Markup(to_inline_svg(picture))
