"""An explanation as text: 80 columns, plain words, numbers that a reader can add up."""

from __future__ import annotations

import textwrap

import numpy as np

from headway.explain.explanation import Explanation, Flip, Option, Reason

__all__ = ["flip_words", "tell"]

WIDE = 80
MOST_ROWS = 12


def tell(told: Explanation, /) -> str:
    """Return the explanation as text of at most 80 columns."""
    lines = [f"Row {told.row}: {told.answer}", ""]
    lines += ["1. What moved the logits", *_contributions(told), ""]
    lines += ["2. The logits", *_logits(told), ""]
    lines += ["3. The decision", *_decision(told), ""]
    lines += ["4. What would change it", *_flips(told)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _contributions(told: Explanation) -> list[str]:
    if told.no_reasons:
        return _wrap(told.no_reasons)
    how = (
        "Each contribution is (value - baseline) times the weight, and exact."
        if told.method == "exact"
        else f"Contributions are integrated gradients, read at {told.steps} points on the way "
        f"from the baseline; they add up to within {told.error:.1g}."
    )
    lines = _wrap(f"The row is compared with {told.baseline_name}. {how}")
    for reason in told.reasons:
        lines += ["", *_reason(told, reason)]
    return lines


def _reason(told: Explanation, reason: Reason) -> list[str]:
    what = "difference of their logits" if len(reason.classes) == 2 else "logit"
    if told.kind == "binary":
        what = f"logit of {reason.classes[0]}"
    shown = reason.largest(told.top)
    names = [_cut(told.feature_names[j], 34) for j in shown]
    left = int(np.count_nonzero(reason.values)) - len(shown)
    rest = float(reason.values.sum() - reason.values[shown].sum())
    wide = max([20, *map(len, names)])
    lines = _wrap(f"Why {reason.question}? The {what} is {reason.logit:.3f}:")
    lines.append(f"   {'feature':<{wide}} {'value':>10} {'baseline':>10} {'contribution':>13}")
    lines.append(f"   {'(the baseline row)':<{wide}} {'':>10} {'':>10} {reason.base:>13.3f}")
    for name, j in zip(names, shown, strict=True):
        lines.append(
            f"   {name:<{wide}} {_number(told.features[j]):>10} {_number(told.baseline[j]):>10} "
            f"{reason.values[j]:>+13.3f}"
        )
    if left:
        lines.append(f"   {f'({left} more)':<{wide}} {'':>10} {'':>10} {rest:>+13.3f}")
    lines.append(f"   {'sum':<{wide}} {'':>10} {'':>10} {reason.logit:>13.3f}")
    return lines


def _logits(told: Explanation) -> list[str]:
    lines = [*_wrap(told.calibration), *_wrap(told.head), ""]
    binary = told.kind == "binary"
    moved = not np.array_equal(told.raw_logits, told.logits)
    raw = [None, *told.raw_logits] if binary else list(told.raw_logits)
    calibrated = [None, *told.logits] if binary else list(told.logits)
    shown = _shown(told)
    wide = max([5, *(len(_cut(told.classes[k], 34)) for k in shown)])
    word = "label" if told.kind == "multilabel" else "class"
    lines.append(
        f"   {word:<{wide}} {'logit':>9}"
        + (f" {'calibrated':>11}" if moved else "")
        + (f" {'membership':>11}" if told.membership is not None else "")
        + f" {'prob':>8}"
    )
    for k in shown:
        line = f"   {_cut(told.classes[k], 34):<{wide}} {_signed(raw[k], 9)}"
        if moved:
            line += " " + _signed(calibrated[k], 11)
        if told.membership is not None:
            line += f" {told.membership[k]:>11.4f}"
        lines.append(line + f" {told.probs[k]:>8.4f}")
    left = len(told.classes) - len(shown)
    return lines + ([f"   ({left} more)"] if left else [])


def _shown(told: Explanation) -> list[int]:
    """Return the classes that are listed: all, or the most probable in their order."""
    if len(told.classes) <= MOST_ROWS:
        return list(range(len(told.classes)))
    return sorted(np.argsort(-told.probs, kind="stable")[:MOST_ROWS].tolist())


def _decision(told: Explanation) -> list[str]:
    lines = _wrap(told.rule)
    options = told.options
    if told.compared == "prob" and all(option.line is None for option in options):
        return [*lines, *_wrap(f"Decided: {told.answer}.{_next(told)}")]
    if len(options) > MOST_ROWS:
        near = sorted(options, key=lambda option: (not option.chosen, -option.value))[:MOST_ROWS]
        options = tuple(option for option in options if option in near)
    wide = max([6, *(len(_cut(option.name, 34)) for option in options)])
    lined = any(option.line is not None for option in options)
    value = "expected cost" if told.compared == "expected cost" else "prob"
    lines += ["", f"   {'':<{wide}} {value:>13}" + (f" {'line':>8}" if lined else "")]
    lines += [_option(option, wide, lined) for option in options]
    left = len(told.options) - len(options)
    lines += [f"   ({left} more)"] if left else []
    return [*lines, "", *_wrap(f"Decided: {told.answer}.{_next(told)}")]


def _next(told: Explanation) -> str:
    """Return a sentence on what would have been decided next, and by how much it lost."""
    if not told.runner_up:
        return ""
    if told.compared != "expected cost":
        return f" Next comes {told.runner_up}."
    costs = {option.name: option.value for option in told.options}
    more = costs[told.runner_up] - costs[told.decision[0]]
    return f" Next comes {told.runner_up}, which would cost {more:.4g} more on average."


def _option(option: Option, wide: int, lined: bool) -> str:
    value = "" if np.isnan(option.value) else f"{option.value:.4f}"
    line = f"   {_cut(option.name, 34):<{wide}} {value:>13}"
    if lined:
        line += f" {'' if option.line is None else format(option.line, '.4f'):>8}"
    return line + ("  chosen" if option.chosen else "")


def _flips(told: Explanation) -> list[str]:
    lines = []
    moved = not np.array_equal(told.raw_logits, told.logits)
    for flip in told.flips:
        sentence = flip_words(flip)
        if moved and flip.kind == "logit":
            sentence = "Calibrated l" + sentence[1:]
        lines += _wrap(f"- {sentence}", hang=2)
    if told.kind == "multilabel":
        shown = [told.logit_flips[k] for k in _shown(told)]
        wide = max([5, *(len(_cut(flip.name, 34)) for flip in shown)])
        lines += ["", f"   {'label':<{wide}} {'logit':>9} {'flips at':>9}  to"]
        for flip in shown:
            end = f"{_signed(flip.then, 9)}  {flip.result}" if flip.exists else f"{'never':>9}"
            lines.append(_cut(f"   {_cut(flip.name, 34):<{wide}} {_signed(flip.now, 9)} {end}", 80))
    return lines


def flip_words(flip: Flip, /) -> str:
    """Return the smallest change of one number in a sentence.

    Examples
    --------
    >>> print(flip_words(Flip("logit", "bee", 1.5, 1.0, "ant")))
    Logit: that of bee would have to fall by 0.5, from 1.5 to below 1, to give ant.
    >>> print(flip_words(Flip("temperature", "", 1.0, float("nan"), reason="Order is kept.")))
    Temperature: none does. Order is kept.
    """
    title = flip.kind.capitalize()
    if not flip.exists:
        return f"{title}: none does. {flip.reason}"
    if flip.kind == "temperature":
        side = "above" if flip.then > 1 else "below"
        return (
            f"Temperature: dividing all logits by a T {side} {flip.then:.4g} would give "
            f"{flip.result}."
        )
    whose = f"that of {flip.name}" if flip.name else "it"
    way, side = ("rise", "above") if flip.change > 0 else ("fall", "below")
    if flip.kind == "threshold":
        place = f"from {flip.now:.4g} to {flip.then:.4g}"
    else:
        place = f"from {flip.now:.4g} to {side} {flip.then:.4g}"
    return (
        f"{title}: {whose} would have to {way} by {abs(flip.change):.4g}, {place}, to give "
        f"{flip.result}."
    )


def _wrap(text: str, hang: int = 0) -> list[str]:
    return textwrap.wrap(text, width=WIDE, subsequent_indent=" " * hang, break_on_hyphens=False)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _signed(value: float | None, wide: int) -> str:
    return f"{'':>{wide}}" if value is None else f"{value:>{wide}.3f}"


def _number(value: float) -> str:
    return f"{value:.4g}"
