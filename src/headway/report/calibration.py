"""Pictures of the probabilities: reliability diagrams, and sums of the raw sigmoid values."""

from __future__ import annotations

import numpy as np

from headway.comparison import Comparison, Entry
from headway.report.picture import (
    INK,
    MUTED,
    OKABE_ITO,
    VERMILLION,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
    plain_log_ticks,
)
from headway.report.styles import head_style
from headway.report.tallies import Reliability, reliability_bins, right_heads

__all__ = ["membership_picture", "reliability_picture"]

RAW = OKABE_ITO[3]


def reliability_picture(comparison: Comparison, model: str) -> Picture:
    """Return the reliability diagram of one model's heads, with 95 % intervals.

    Above: how often forecasts came true, against what was said.  Below: how many forecasts.
    """
    entries = right_heads(comparison, model)
    worst = max(entries, key=lambda entry: np.nan_to_num(entry.calibration_error.mean))
    title = (
        f"{model}: probabilities are off by {100 * worst.calibration_error.mean:.1f} points "
        f"or less (root mean square)"
    )
    said, came = {
        "binary": (
            f"probability of {comparison.classes[-1]}",
            f"share that is {comparison.classes[-1]}",
        ),
        "exclusive": ("largest probability of the row", "share decided rightly"),
        "multilabel": ("probability given to the label", "share of labels present"),
    }[comparison.kind]
    with drawing_style():
        figure = blank_figure(title, 4.9)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.15])
        plain_frame(top, grid="both")
        top.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="perfect")
        lines: list[tuple[str, Reliability, str, str, str | tuple]] = []
        for entry in entries:
            style = head_style(entry.head)
            lines.append(
                (
                    entry.head,
                    reliability_bins(entry, comparison.kind),
                    style.colour,
                    style.marker,
                    style.dash,
                )
            )
            # One style says "raw": of several heads of sigmoids the first shows it.
            raw_shown = any(line[2] == RAW for line in lines)
            if entry.runs[0].membership is not None and not raw_shown:
                lines.append(
                    (
                        f"{entry.head}, raw values",
                        reliability_bins(entry, comparison.kind, raw=True),
                        RAW,
                        "^",
                        ":",
                    )
                )
        shift = 0.008
        for number, (name, curve, colour, marker, dash) in enumerate(lines):
            x = curve.confidence + shift * (number - (len(lines) - 1) / 2)
            top.vlines(x, curve.low, curve.high, color=colour, linewidth=1.3, alpha=0.75)
            top.plot(x, curve.frequency, color=colour, marker=marker, linestyle=dash, label=name)
            bottom.plot(x, curve.count, color=colour, marker=marker, linestyle=dash, linewidth=1.2)
        top.set(ylim=(-0.03, 1.03), xlim=(-0.02, 1.02))
        top.set_ylabel(came)
        top.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=2,
            borderaxespad=0.2,
            columnspacing=1.2,
        )
        plain_frame(bottom, grid="both").set_yscale("log")
        plain_log_ticks(bottom)
        bottom.set_ylabel("forecasts")
        bottom.set_xlabel(said)
    return Picture(
        name=f"reliability-{model}",
        title=title + ".",
        description=(
            "Ten bins of equal width; bars are 95 % intervals. On the dashed line, what is said "
            "comes true. "
            + " ".join(
                f"{entry.head}: calibration error {entry.calibration_error.mean:.3f}."
                for entry in entries
            )
        ),
        figure=figure,
    )


def membership_picture(comparison: Comparison, entry: Entry) -> Picture:
    """Return how the raw sigmoid values of the test rows add up, before they are normalised."""
    sums = np.concatenate(
        [run.membership.sum(axis=1) for run in entry.runs if run.membership is not None]
    )
    low, top = np.quantile(sums, [0.05, 0.95])
    title = (
        f"{entry.model}: raw sigmoid values of a row add up to {low:.2f}..{top:.2f} (90 % of rows)"
    )
    high = float(np.ceil(max(sums.max(), 1.2) * 10) / 10)
    with drawing_style():
        figure = blank_figure(title, 2.7)
        axes = plain_frame(figure.subplots())
        axes.hist(
            sums,
            bins=[float(edge) for edge in np.linspace(0, high, 41)],
            weights=np.full(len(sums), 100 / len(sums)),
            color=VERMILLION,
        )
        axes.axvline(1, color=MUTED, linewidth=1, linestyle=":")
        axes.set_yscale("log")
        plain_log_ticks(axes)
        axes.set(xlabel="sum of the raw sigmoid values of a test row", ylabel="share of rows, %")
    return Picture(
        name=f"membership-{entry.model}",
        title=title + ".",
        description=(
            f"Sums run from {sums.min():.2f} to {sums.max():.2f}: below 1 no class fits well, "
            "above 1 several do. Normalised probabilities always sum to 1."
        ),
        figure=figure,
    )
