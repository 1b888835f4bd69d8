"""All pictures of a comparison or an evaluation, in the order they are shown, and as files."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path

from headway.comparison import Comparison
from headway.errors import InputValueError
from headway.evaluation import Evaluation, PairedEvaluation
from headway.explain import TrainingStory
from headway.report.calibration import membership_picture, reliability_picture
from headway.report.confusion import (
    confusion_picture,
    evaluation_confusion_picture,
    label_errors_picture,
)
from headway.report.evaluation_curves import areas_picture, evaluation_reliability_picture
from headway.report.evaluation_scores import (
    evaluation_scores_picture,
    label_scores_picture,
    paired_scores_picture,
)
from headway.report.learning import learning_pictures
from headway.report.picture import Picture, write_picture
from headway.report.rows import (
    confused_images_picture,
    confused_pairs_picture,
    disagreement_picture,
)
from headway.report.scores import accuracy_picture, difference_picture, log_loss_picture
from headway.report.story import story_picture

__all__ = [
    "SECTIONS",
    "comparison_pictures",
    "evaluation_pictures",
    "save_evaluation_figures",
    "save_figures",
]

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
    folder = _made(folder)
    pictures = [p for section in comparison_pictures(comparison).values() for p in section]
    if story is not None:
        pictures.append(story_picture(story))
    return _written(pictures, folder)


def evaluation_pictures(
    evaluation: Evaluation,
    pair: PairedEvaluation | None = None,
    names: tuple[str, str] = ("first", "second"),
) -> tuple[Picture, ...]:
    """Return the pictures of an evaluation: scores, classes, errors, curves, reliability.

    Parameters
    ----------
    evaluation : Evaluation
        What `evaluate` returned.
    pair : PairedEvaluation, optional
        The differences are drawn too.
    names : tuple of two str
        What to call the two models of `pair`.
    """
    defined = any(
        math.isfinite(evaluation[name].value)
        for name in ("roc_area", "macro_roc_area")
        if name in evaluation.scores
    )
    return _present(
        evaluation_scores_picture(evaluation),
        None if pair is None else paired_scores_picture(pair, names),
        label_scores_picture(evaluation),
        evaluation_confusion_picture(evaluation),
        areas_picture(evaluation) if defined else None,
        evaluation_reliability_picture(evaluation),
    )


def save_evaluation_figures(
    evaluation: Evaluation,
    folder: str | os.PathLike[str],
    pair: PairedEvaluation | None = None,
    names: tuple[str, str] = ("first", "second"),
) -> tuple[Path, ...]:
    """Return the files written: every picture of an evaluation as SVG and as PNG.

    Parameters
    ----------
    evaluation, pair, names
        As for `evaluation_pictures`.
    folder : path
        Where the files go; made if it is missing.

    Raises
    ------
    InputValueError
        If a file stands where the folder should be.
    """
    return _written(evaluation_pictures(evaluation, pair, names), _made(folder))


def _made(folder: str | os.PathLike[str]) -> Path:
    """Return the folder, made if it was missing."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputValueError(
            f"`folder` must be a folder, but '{folder}' is a file. Choose another name."
        ) from error
    return folder


def _written(pictures: Iterable[Picture], folder: Path) -> tuple[Path, ...]:
    """Return the files of the pictures, each as SVG and as PNG."""
    return tuple(
        write_picture(picture, folder / f"{picture.name}.{kind}")
        for picture in pictures
        for kind in ("svg", "png")
    )


def _present(*pictures: Picture | None) -> tuple[Picture, ...]:
    return tuple(picture for picture in pictures if picture is not None)
