"""History: what happened in each epoch, and the bar that shows it while it happens.

Losses are means over rows in nats, as the head defines them (summed over classes); accuracies are
shares of rows that are right, in 0..1.  The trap: the training loss is gathered while the weights
move and dropout is on, so early in training it lies above the validation loss.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

__all__ = ["EpochRecord", "ProgressBar", "StepRecord"]


@dataclass(frozen=True)
class StepRecord:
    """One step: its epoch, its batch of how many (all counted from 1), and the rate it took."""

    epoch: int
    batch: int
    batches: int
    learning_rate: float


@dataclass(frozen=True)
class EpochRecord:
    """One epoch; the validation figures are None where no rows were held out.

    Examples
    --------
    >>> record = EpochRecord(1, loss=0.5, accuracy=0.8, learning_rate=0.01, seconds=1.5)
    >>> record.to_dict()["val_loss"] is None
    True
    """

    epoch: int
    loss: float
    accuracy: float
    learning_rate: float
    seconds: float
    val_loss: float | None = None
    val_accuracy: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a dictionary of plain numbers."""
        return asdict(self)

    def to_text(self) -> str:
        """Return the losses and accuracies in one short line."""
        text = f"loss {self.loss:.4f}  accuracy {100 * self.accuracy:.2f} %"
        if self.val_loss is None or self.val_accuracy is None:
            return text
        return (
            f"{text}  validation: loss {self.val_loss:.4f}"
            f"  accuracy {100 * self.val_accuracy:.2f} %"
        )


class ProgressBar:
    """A bar on stderr, one step an epoch, with loss and accuracy; silent unless `visible`.

    Examples
    --------
    >>> with ProgressBar("digits", 2, visible=False) as bar:
    ...     bar(EpochRecord(1, loss=0.5, accuracy=0.8, learning_rate=0.01, seconds=1.5))
    """

    def __init__(self, title: str, epochs: int, *, visible: bool):
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("epoch {task.completed}/{task.total}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True),
            disable=not visible,
        )
        self._task: TaskID = self._progress.add_task(title, total=epochs, figures="")

    def __enter__(self) -> Callable[[EpochRecord], None]:
        self._progress.start()
        return self._show

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def _show(self, record: EpochRecord) -> None:
        self._progress.update(self._task, advance=1, figures=record.to_text())
