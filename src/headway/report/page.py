"""The words and numbers of the HTML report, ready for its template."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.image import imsave

from headway.comparison import Comparison, Entry, Estimate, Verdict
from headway.explain import TrainingStory
from headway.report.tallies import agreement

__all__ = ["page_values"]

MOST_CLASSES = 20
TOP = 3


def page_values(comparison: Comparison, story: TrainingStory | None) -> dict[str, Any]:
    """Return what the template shows, as plain text, numbers and lists of them."""
    raw = [
        entry
        for entry in comparison.entries
        if entry.mistake is None and "membership_log_loss" in entry.details
    ]
    return {
        "comparison": comparison,
        "heading": f"Softmax or sigmoid? {comparison.name}",
        "facts": _facts(comparison),
        "rows": [_score_row(entry) for entry in comparison.entries],
        "detail_names": _detail_names(comparison),
        "verdicts": [_verdict_row(verdict, comparison) for verdict in comparison.verdicts],
        "raw_rows": [_raw_row(entry) for entry in raw],
        "examples": _membership_examples(comparison),
        "mistakes": {e.head: e.mistake for e in comparison.entries if e.mistake is not None},
        "settings": [
            (entry.model, entry.head, _settings(entry.settings)) for entry in comparison.entries
        ],
        "environment": _environment(comparison.environment),
        "story": story,
        "story_rows": [] if story is None else _story_rows(story),
    }


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    kinds = {
        "binary": "two classes",
        "exclusive": f"{len(comparison.classes)} exclusive classes",
        "multilabel": f"{len(comparison.classes)} labels, several at once",
    }
    seeds = len(comparison.seeds)
    split = "its own test rows" if comparison.fixed_split else "a new split for each seed"
    return [
        ("labels", kinds[comparison.kind]),
        ("training rows", f"{comparison.n_train:,}"),
        ("test rows", f"{comparison.n_test:,}"),
        ("features", f"{comparison.n_features:,}"),
        ("seeds", f"{seeds} ({split})"),
        ("tuned", "on validation rows, each head" if comparison.tuned else "no"),
    ]


def _score_row(entry: Entry) -> dict[str, Any]:
    return {
        "model": entry.model,
        "head": entry.head,
        "mistake": entry.mistake is not None,
        "accuracy": _percent(entry.accuracy),
        "log_loss": _number(entry.log_loss, 4),
        "brier": _number(entry.brier, 3),
        "calibration": _number(entry.calibration_error, 3),
        "seconds": _seconds(entry.seconds.mean),
        "details": {
            name: _number(value, 3)
            for name, value in entry.details.items()
            if not name.startswith("membership")
        },
    }


def _detail_names(comparison: Comparison) -> dict[str, str]:
    """Return the further scores to show, with their titles."""
    titles = {"hamming_loss": "Hamming loss", "micro_f1": "micro F1", "macro_f1": "macro F1"}
    found = {name for entry in comparison.entries for name in entry.details}
    return {name: title for name, title in titles.items() if name in found}


def _verdict_row(verdict: Verdict, comparison: Comparison) -> dict[str, Any]:
    counts = agreement(
        comparison.entry(verdict.model, verdict.first),
        comparison.entry(verdict.model, verdict.second),
    )
    return {
        "model": verdict.model,
        "first": verdict.first,
        "second": verdict.second,
        "sentence": verdict.sentence,
        "difference": _interval(verdict.difference, 2, signed=True),
        "log_loss": _interval(verdict.log_loss_difference, 4, signed=True),
        "both_right": counts.both_right,
        "only_first": counts.only_first,
        "only_second": counts.only_second,
        "both_wrong": counts.both_wrong,
        "mcnemar": [
            {
                "seed": test.seed,
                "only_first": test.only_first,
                "only_second": test.only_second,
                "p_value": _p_value(test.p_value),
            }
            for test in verdict.mcnemar
        ],
    }


def _raw_row(entry: Entry) -> dict[str, str | tuple[str, str]]:
    return {
        "model": entry.model,
        "head": entry.head,
        "log_loss": _number(entry.log_loss, 4),
        "raw_log_loss": _number(entry.details["membership_log_loss"], 4),
        "brier": _number(entry.brier, 3),
        "raw_brier": _number(entry.details["membership_brier"], 3),
        "calibration": _number(entry.calibration_error, 3),
        "raw_calibration": _number(entry.details["membership_calibration_error"], 3),
    }


def _membership_examples(comparison: Comparison) -> dict[str, Any] | None:
    """Return test rows whose raw values sum to little, to about one, and to much."""
    entries = [
        entry
        for entry in comparison.entries
        if entry.mistake is None and entry.runs[0].membership is not None
    ]
    if not entries:
        return None
    entry = entries[0]
    run = entry.runs[0]
    assert run.membership is not None
    sums = run.membership.sum(axis=1)
    order = np.argsort(sums, kind="stable")
    middle = np.argsort(np.abs(sums - 1.0), kind="stable")
    chosen = list(dict.fromkeys([*order[:2], *middle[:2], *order[::-1][:2]]))
    told = []
    for row in chosen:
        top = np.argsort(-run.membership[row], kind="stable")[:TOP]
        told.append(
            {
                "image": _thumbnail(comparison, int(row)),
                "row": int(row),
                "label": comparison.classes[int(run.labels[row])],
                "sum": f"{sums[row]:.2f}",
                "classes": [
                    {
                        "name": comparison.classes[k],
                        "raw": f"{run.membership[row, k]:.3f}",
                        "prob": f"{run.probs[row, k]:.3f}",
                    }
                    for k in top
                ],
            }
        )
    return {"model": entry.model, "rows": told}


def _thumbnail(comparison: Comparison, row: int) -> str | None:
    """Return one test image as a data URI; None if rows are no images."""
    if comparison.image_shape is None:
        return None
    buffer = io.BytesIO()
    values = np.asarray(comparison.X_test[row], dtype=np.float64).reshape(comparison.image_shape)
    imsave(buffer, values, cmap="Greys", format="png", metadata={"Software": ""})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _story_rows(story: TrainingStory) -> list[dict[str, Any]]:
    """Return the numbers of each class, own class and largest logits first if there are many."""
    order = sorted(
        range(len(story.classes)), key=lambda k: (story.targets[k] != 1, -story.logits[k])
    )
    return [
        {
            "name": story.classes[k],
            "own": story.targets[k] == 1,
            "target": "–" if math.isnan(story.targets[k]) else f"{story.targets[k]:.0f}",
            "logit": _signed(story.logits[k], 2),
            "heads": [
                {
                    "prob": f"{head.probs[k]:.3f}",
                    "gradient": _signed(head.gradient[k], 3),
                    "after": _signed(head.logits_after[k], 2),
                }
                for head in story.heads
            ],
        }
        for k in sorted(order[:MOST_CLASSES])
    ]


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_short(value)}" for name, value in settings.items())


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(_short(item) for item in value) + ")"
    return str(value)


def _environment(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    told = []
    for name, value in environment.items():
        if isinstance(value, Mapping):
            value = ", ".join(f"{key} {item}" for key, item in value.items() if item is not None)
        told.append((str(name).replace("_", " "), _short(value)))
    return told


def _percent(rate: Estimate) -> tuple[str, str]:
    scaled = Estimate(100 * rate.mean, 100 * rate.low, 100 * rate.high, None, rate.n_seeds)
    mean, span = _number(scaled, 2)
    return f"{mean} %", span


def _number(value: Estimate, digits: int) -> tuple[str, str]:
    """Return the mean, and its interval in words (empty if there is none)."""
    if math.isnan(value.low) or math.isnan(value.high):
        return _fixed(value.mean, digits), ""
    return _fixed(
        value.mean, digits
    ), f"{_fixed(value.low, digits)} to {_fixed(value.high, digits)}"


def _interval(value: Estimate, digits: int, *, signed: bool) -> str:
    show = _signed if signed else _fixed
    if math.isnan(value.low) or math.isnan(value.high):
        return show(value.mean, digits)
    return f"{show(value.mean, digits)} ({show(value.low, digits)} to {show(value.high, digits)})"


def _fixed(value: float, digits: int) -> str:
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.{digits}f}".replace("-", "−")


def _signed(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return _fixed(value, digits)
    text = f"{value:+.{digits}f}"
    return (text[1:] if float(text) == 0 else text).replace("-", "−")


def _seconds(value: float) -> str:
    if not math.isfinite(value):
        return "unknown"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def _p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
