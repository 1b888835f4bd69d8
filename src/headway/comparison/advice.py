"""The whole comparison in a few plain sentences, answering which head to use.

Only heads that are not mistakes can be advised.  A difference counts when its 95 % interval
leaves out zero; where accuracy cannot part the heads, the log-loss may, and says so.  What the
choice of the model does to accuracy stands beside it, because it is often the larger lever.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from headway.comparison.results import Entry, Verdict
from headway.comparison.verdict import judge, span

__all__ = ["advise", "listed"]


def advise(entries: Sequence[Entry], verdicts: Sequence[Verdict], *, kind: str, n_rows: int) -> str:
    """Return "which should I use?", answered from the numbers.

    Parameters
    ----------
    entries : sequence of Entry
        All that ran.
    verdicts : sequence of Verdict
        Every further head against the first, model by model.
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    n_rows : int
        Rows that `Run.rows` counts in.
    """
    sound = [entry for entry in entries if entry.mistake is None]
    parts = []
    if kind == "binary":
        parts.append("With two classes softmax and sigmoid are the same model: use either.")
    elif kind == "multilabel":
        parts.append(
            "Use sigmoid: a row may carry several labels, and softmax would make them compete."
        )
    if kind == "exclusive" or len({entry.head for entry in sound}) > 1:
        parts += _between_heads(sound, n_rows)
    parts += _between_models(sound, kind)
    parts += [_cost(verdict, entries) for verdict in verdicts if _is_mistake(verdict, entries)]
    return " ".join(parts)


def _between_heads(sound: Sequence[Entry], n_rows: int) -> list[str]:
    pairs = []
    for model in dict.fromkeys(entry.model for entry in sound):
        of_model = [entry for entry in sound if entry.model == model]
        pairs += [judge(of_model[0], other, n_rows=n_rows) for other in of_model[1:]]
    if not pairs:
        heads = " and ".join(dict.fromkeys(entry.head for entry in sound))
        ran = f"Only {heads} ran" if heads else "Only mistakes ran"
        return [f"{ran}: to choose a head, compare softmax with sigmoid."]
    several = len({verdict.second for verdict in pairs}) > 1
    parts = [_decision(verdict, several=several) for verdict in pairs if _decided(verdict)]
    open_ones = [verdict for verdict in pairs if not _decided(verdict)]
    for second in dict.fromkeys(verdict.second for verdict in open_ones):
        group = [verdict for verdict in open_ones if verdict.second == second]
        models, first = listed([verdict.model for verdict in group]), group[0].first
        either = f"{first} or {second}" if several else "either"
        parts.append(
            f"With {models} use {either}: no difference in accuracy that this data can show "
            f"({first} minus {second} in points, 95 % interval: {_gaps(group)})."
        )
        parts += [
            _by_log_loss(verdict, several=several)
            for verdict in group
            if _log_loss_decided(verdict)
        ]
    return parts


def _decision(verdict: Verdict, *, several: bool) -> str:
    """Return which of two heads to use, and by how much it is better."""
    better, rest = verdict.sentence.split(" is better", 1)
    other = verdict.second if better == verdict.first else verdict.first
    instead = f" rather than {other}" if several else ""
    return f"With {verdict.model} use {better}{instead}: it is better{rest}"


def _gaps(verdicts: Sequence[Verdict]) -> str:
    gaps = [span(verdict.difference.low, verdict.difference.high) for verdict in verdicts]
    if len(gaps) == 1:
        return gaps[0]
    return "; ".join(f"{v.model} {gap}" for v, gap in zip(verdicts, gaps, strict=True))


def _by_log_loss(verdict: Verdict, *, several: bool) -> str:
    gap = verdict.log_loss_difference
    better, other = verdict.first, verdict.second
    if gap.mean > 0:
        better, other = other, better
    than = f" than with {other}" if several else ""
    ends = sorted((abs(gap.low), abs(gap.high)))
    return (
        f"The probabilities of {verdict.model} are better with {better}{than}: its log-loss is "
        f"lower by {abs(gap.mean):.3f} nats ({ends[0]:.3f} to {ends[1]:.3f})."
    )


def _between_models(sound: Sequence[Entry], kind: str) -> list[str]:
    best: dict[str, Entry] = {}
    for entry in sound:
        if entry.model not in best or entry.accuracy.mean > best[entry.model].accuracy.mean:
            best[entry.model] = entry
    if not best:
        return []
    what = "of the rows entirely right" if kind == "multilabel" else "accuracy"
    ranked = sorted(best.values(), key=lambda entry: -entry.accuracy.mean)
    shown = [f"{e.model} {100 * e.accuracy.mean:.1f} %" for e in ranked]
    if len(ranked) == 1:
        return [f"Reached: {shown[0]} {what}."]
    several = len({entry.head for entry in sound}) > 1
    ending = ", each with its better head" if several else ""
    return [f"The model matters too: {', '.join(shown)} {what}{ending}."]


def _cost(verdict: Verdict, entries: Sequence[Entry]) -> str:
    """Return what a mistake costs (or gains) against a sound reference head."""
    gap = verdict.difference
    name, where = verdict.second, f"with {verdict.model}"
    if gap.low > 0:
        return (
            f"The mistake {name} costs {abs(gap.mean):.1f} points {where} "
            f"(95 % interval {span(gap.low, gap.high)})."
        )
    if gap.high < 0:
        return (
            f"The mistake {name} happens to gain {abs(gap.mean):.1f} points {where} "
            f"(95 % interval {span(-gap.high, -gap.low)})."
        )
    return (
        f"The mistake {name} costs no accuracy that this data can show {where} "
        f"(95 % interval {span(gap.low, gap.high)} points)."
    )


def _is_mistake(verdict: Verdict, entries: Sequence[Entry]) -> bool:
    mistakes = {entry.head for entry in entries if entry.mistake is not None}
    return verdict.second in mistakes and verdict.first not in mistakes


def _decided(verdict: Verdict) -> bool:
    return verdict.difference.low > 0 or verdict.difference.high < 0


def _log_loss_decided(verdict: Verdict) -> bool:
    gap = verdict.log_loss_difference
    return not math.isnan(gap.low) and (gap.low > 0 or gap.high < 0)


def listed(names: Sequence[str], /) -> str:
    """Return "a, b and c".

    Examples
    --------
    >>> listed(["linear", "mlp", "cnn"])
    'linear, mlp and cnn'
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
