"""Pictures of training: loss and accuracy by epoch, one picture a model."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from headway.comparison import Comparison, Entry, loss_curve
from headway.report.picture import (
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
    plain_log_ticks,
)
from headway.report.styles import head_style

__all__ = ["learning_pictures"]


def learning_pictures(comparison: Comparison) -> tuple[Picture, ...]:
    """Return one picture for each model that was trained in epochs; none for the linear model."""
    pictures = []
    for model in comparison.models:
        entries = [
            entry
            for entry in comparison.entries
            if entry.model == model and any(run.history for run in entry.runs)
        ]
        if entries:
            with drawing_style():
                pictures.append(_picture(model, entries))
    return tuple(pictures)


def _picture(model: str, entries: Sequence[Entry]) -> Picture:
    title = f"{model}: how fast each head learns"
    figure = blank_figure(title, 4.5)
    top, bottom = figure.subplots(2, 1, sharex=True)
    held_out = loss_curve(entries[0], "val_accuracy") is not None
    key = "val_accuracy" if held_out else "accuracy"
    for entry in entries:
        _lines(top, entry, "loss", 1.0)
        _lines(bottom, entry, key, 100.0)
    plain_frame(top, grid="both").set_yscale("log")
    plain_log_ticks(top)
    top.set_ylabel("training loss, nats")
    top.set_title("Training loss (sigmoid adds one loss per class)", fontweight="normal")
    plain_frame(bottom, grid="both").set_xlabel("epoch")
    bottom.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    where = "held-out" if held_out else "training"
    bottom.set_ylabel(f"{where} accuracy, %")
    bottom.set_title(f"Accuracy on the {where} rows (band: all seeds)", fontweight="normal")
    bottom.legend(loc="lower right")
    ends = "; ".join(f"{entry.head} {_end(entry, key)}" for entry in entries)
    return Picture(
        name=f"learning-{model}",
        title=title + ".",
        description=f"Loss and accuracy by epoch. Accuracy at the end: {ends}.",
        figure=figure,
    )


def _lines(axes: Axes, entry: Entry, key: str, factor: float) -> None:
    curve = loss_curve(entry, key)
    if curve is None:
        return
    style = head_style(entry.head)
    if len(entry.runs) > 1:
        axes.fill_between(
            curve.epoch,
            factor * curve.low,
            factor * curve.high,
            color=style.colour,
            alpha=0.15,
            linewidth=0,
        )
    axes.plot(
        curve.epoch,
        factor * curve.mean,
        color=style.colour,
        linestyle=style.dash,
        marker=style.marker,
        markevery=max(len(curve.epoch) // 8, 1),
        label=entry.head,
    )


def _end(entry: Entry, key: str) -> str:
    curve = loss_curve(entry, key)
    return "unknown" if curve is None else f"{100 * curve.mean[-1]:.1f} %"
