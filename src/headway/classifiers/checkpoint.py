"""A checkpoint: the progress of a training in one file, written all or nothing.

    arrays      weights, best weights, moments, random states, order of rows
    values      history, seeds, classes, and a fingerprint of data and settings

A file of other rows or settings is refused: going on from it would be neither one training nor
the other.  The trap: a generator or None for `random_state` gives new seeds in each process, so
the seeds are kept too.
"""

import hashlib
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headway.artifact import from_json, read_artifact, to_json, write_artifact
from headway.errors import FileFormatError, InputValueError

if TYPE_CHECKING:
    from headway.heads import Head
    from headway.training.network import Rows, TrainingPlan

__all__ = ["CheckpointFile"]

KIND = "checkpoint"


@dataclass
class CheckpointFile:
    """Where a training keeps its progress.

    Parameters
    ----------
    path : path
        The file.
    every : int or None
        Steps between two savings within an epoch; None for the ends of epochs alone.
    encoder : dict
        State of the label encoder.
    resume : bool
        Whether to go on from the file, if it is there.
    """

    path: str | os.PathLike[str]
    every: int | None
    encoder: dict[str, Any]
    resume: bool
    _fingerprint: dict[str, Any] = field(default_factory=dict)
    _seeds: list[int] = field(default_factory=list)
    _read: tuple[dict[str, np.ndarray], dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        path = Path(self.path)
        if path.is_dir() or not path.parent.is_dir():
            raise InputValueError(
                f"`checkpoint` must name a file in an existing directory, got {str(path)!r}. "
                "Make the directory, or choose another name."
            )
        if self.resume and path.exists():
            arrays, description = read_artifact(path)
            if description.get("class") != KIND:
                raise FileFormatError(
                    f"{path} must be a checkpoint, got a saved {description.get('class')}. "
                    "Choose another name for `checkpoint`."
                )
            self._read = arrays, description

    def seeds(self, fresh: list[int], /) -> list[int]:
        """Return the seeds of the training that is gone on with, or fresh ones."""
        self._seeds = fresh if self._read is None else self._read[1]["seeds"]
        return self._seeds

    def meet(
        self, network: Any, head: "Head", rows: "Rows", held_out: "Rows | None", plan: Any, /
    ) -> None:
        """Raise unless the file, if it is gone on with, is of these rows and settings."""
        self._fingerprint = _fingerprint(network, head, rows, held_out, plan, self.encoder)
        if self._read is None:
            return
        theirs = self._read[1]["fingerprint"]
        differing = [key for key in self._fingerprint if theirs.get(key) != self._fingerprint[key]]
        if differing:
            raise InputValueError(
                f"To go on from {os.fspath(self.path)!r} everything must be as it was, but "
                f"{', '.join(differing)} differ. Fit with resume=False to start anew."
            )

    def load(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return what was saved, once."""
        if self._read is None:
            return None
        arrays, description = self._read
        self._read = None
        return arrays, from_json(description["progress"])

    def save(self, captured: tuple[dict[str, np.ndarray], dict[str, Any]], /) -> None:
        """Replace the file when the new one is complete."""
        arrays, values = captured
        description = {
            "class": KIND,
            "fingerprint": self._fingerprint,
            "encoder": to_json(self.encoder),
            "seeds": [int(seed) for seed in self._seeds],
            "progress": to_json(values),
        }
        write_artifact(self.path, arrays, description)


def _fingerprint(
    network: Any,
    head: "Head",
    rows: "Rows",
    held_out: "Rows | None",
    plan: "TrainingPlan",
    encoder: dict[str, Any],
) -> dict[str, Any]:
    """Return what must be equal, in words of the user."""
    shapes = {name: list(value.shape) for name, value in network.state_dict().items()}
    trained = [name for name, weights in network.named_parameters() if weights.requires_grad]
    return {
        "the rows or their weights": _digest(rows),
        "the validation rows": None if held_out is None else _digest(held_out),
        "the classes": to_json(encoder),
        "the head": to_json(head),
        "the module": [shapes, trained],
        "the training settings": to_json(asdict(plan)),
    }


def _digest(rows: "Rows") -> str:
    """Return a hash of targets and weights, and of a few rows where these never change."""
    digest = hashlib.sha256()
    arrays = [rows.targets.cpu().numpy(), rows.weights.cpu().numpy()]
    sample = getattr(rows.source, "sample", None)
    if sample is not None:
        arrays.append(sample())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
