"""All pictures of a comparison, in the order a report shows them, and as files."""

from __future__ import annotations

import os
from pathlib import Path

from headway.comparison import Comparison
from headway.errors import InputValueError
from headway.explain import TrainingStory
from headway.report.calibration import membership_picture, reliability_picture
from headway.report.confusion import confusion_picture, label_errors_picture
from headway.report.learning import learning_pictures
from headway.report.picture import Picture, write_picture
from headway.report.rows import (
    confused_images_picture,
    confused_pairs_picture,
    disagreement_picture,
)
from headway.report.scores import accuracy_picture, difference_picture, log_loss_picture
from headway.report.story import story_picture

__all__ = ["SECTIONS", "comparison_pictures", "save_figures"]

SECTIONS = ("scores", "learning", "errors", "pairs", "disagreement", "reliability", "membership")


def comparison_pictures(comparison: Comparison) -> dict[str, tuple[Picture, ...]]:
    """Return the pictures of a comparison by section.

    Returns
    -------
    dict of str to tuple of Picture
        The keys are `SECTIONS`; a section that the data do not call for is empty.
    """
    exclusive = comparison.kind != "multilabel"
    draw_errors = confusion_picture if exclusive else label_errors_picture
    pairs = (
        (confused_pairs_picture(comparison), confused_images_picture(comparison))
        if exclusive
        else ()
    )
    disagreement = (
        tuple(
            disagreement_picture(
                comparison,
                comparison.entry(verdict.model, verdict.first),
                comparison.entry(verdict.model, verdict.second),
            )
            for verdict in comparison.verdicts
            if comparison.entry(verdict.model, verdict.second).mistake is None
        )
        if exclusive
        else ()
    )
    return {
        "scores": _present(
            accuracy_picture(comparison),
            log_loss_picture(comparison),
            difference_picture(comparison),
        ),
        "learning": learning_pictures(comparison),
        "errors": tuple(draw_errors(comparison, entry) for entry in comparison.entries),
        "pairs": _present(*pairs),
        "disagreement": _present(*disagreement),
        "reliability": tuple(
            reliability_picture(comparison, model)
            for model in dict.fromkeys(entry.model for entry in comparison.entries)
        ),
        "membership": tuple(
            membership_picture(comparison, entry)
            for entry in comparison.entries
            if entry.mistake is None and entry.runs[0].membership is not None
        ),
    }


def save_figures(
    comparison: Comparison,
    folder: str | os.PathLike[str],
    story: TrainingStory | None = None,
) -> tuple[Path, ...]:
    """Return the files written: every picture as SVG and as PNG.

    Parameters
    ----------
    comparison : Comparison
        What `compare` returned.
    folder : path
        Where the files go; made if it is missing.
    story : TrainingStory, optional
        Its picture is written too.

    Raises
    ------
    InputValueError
        If a file stands where the folder should be.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputValueError(
            f"`folder` must be a folder, but '{folder}' is a file. Choose another name."
        ) from error
    pictures = [p for section in comparison_pictures(comparison).values() for p in section]
    if story is not None:
        pictures.append(story_picture(story))
    return tuple(
        write_picture(picture, folder / f"{picture.name}.{kind}")
        for picture in pictures
        for kind in ("svg", "png")
    )


def _present(*pictures: Picture | None) -> tuple[Picture, ...]:
    return tuple(picture for picture in pictures if picture is not None)
