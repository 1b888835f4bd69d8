"""Arguments that several verbs share, and the reading of comma-separated lists."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "MODEL_SUFFIX",
    "AnswersOutput",
    "AtLeastOne",
    "AtMost",
    "Figure",
    "Json",
    "Missing",
    "ModelOutput",
    "Probs",
    "SavedModel",
    "Target",
    "TrainingFile",
    "UnseenFile",
    "choice",
    "choices",
    "names",
]

TrainingFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A CSV file with a header line and one row per sample.",
        show_default=False,
    ),
]
SavedModel = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="A file that a verb of headway saved.", show_default=False
    ),
]
UnseenFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="A CSV file of rows that the model has not seen: its features by name, and the "
        "labels.",
        show_default=False,
    ),
]
AnswersOutput = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="OUT",
        help="Write here instead of to stdout; an old file is replaced.",
        show_default=False,
    ),
]
Probs = Annotated[
    bool, typer.Option("--probs", help="Add one column per class with its probability.")
]
Target = Annotated[
    str,
    typer.Option(
        "--target",
        metavar="COL",
        help="The column to predict: one class per row, or labels written a|b. "
        "Several 0/1 columns: a,b,c.",
        show_default=False,
    ),
]
Missing = Annotated[
    str | None,
    typer.Option(
        "--missing",
        metavar="VALUE",
        help="For several 0/1 columns: what marks a cell that is not known.  An empty cell "
        "always does.",
        show_default=False,
    ),
]
MODEL_SUFFIX = ".headway"
ModelOutput = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="MODEL",
        help=f"Where to save the model, ending in {MODEL_SUFFIX}; an old file is replaced.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Figure = Annotated[
    Path | None,
    typer.Option(
        "--figure",
        metavar="FILE",
        help="Also draw it: a file ending in .svg, .png or .pdf.",
        show_default=False,
    ),
]
AtLeastOne = Annotated[
    bool,
    typer.Option(
        "--at-least-one", help="A row without a label gets the one nearest to its threshold."
    ),
]
AtMost = Annotated[
    int | None,
    typer.Option(
        "--at-most",
        metavar="K",
        min=1,
        help="No more labels in a row than this.",
        show_default=False,
    ),
]


def names(text: str, /) -> tuple[str, ...]:
    """Return the parts of a comma-separated list.

    Examples
    --------
    >>> names("linear, mlp")
    ('linear', 'mlp')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())


def choices(text: str, /, *, allowed: Sequence[str], option: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated list, each one of `allowed`, none twice.

    Raises
    ------
    typer.BadParameter
        If the list is empty or a part is unknown: a usage error, exit code 2.

    Examples
    --------
    >>> choices("linear,linear,mlp", allowed=("linear", "mlp"), option="--model")
    ('linear', 'mlp')
    """
    chosen = tuple(dict.fromkeys(names(text)))
    if not chosen:
        raise typer.BadParameter(
            f"expected one or more of {', '.join(allowed)}.", param_hint=f"'{option}'"
        )
    for part in chosen:
        if part not in allowed:
            near = get_close_matches(part, allowed, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise typer.BadParameter(
                f"'{part}' is not one of {', '.join(allowed)}.{hint}", param_hint=f"'{option}'"
            )
    return chosen


def choice(text: str, /, *, allowed: Sequence[str], option: str) -> str:
    """Return `text` if it is one of `allowed`, else raise as `choices` does.

    Examples
    --------
    >>> choice("mlp", allowed=("linear", "mlp"), option="--model")
    'mlp'
    """
    chosen = choices(text, allowed=allowed, option=option)
    if len(chosen) > 1:
        raise typer.BadParameter(f"takes one of {', '.join(allowed)}.", param_hint=f"'{option}'")
    return chosen[0]
