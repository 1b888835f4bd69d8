"""A comparison for the terminal: 80 columns wide, and readable without colour.

Colour and weight only repeat what words and order already say, so nothing is lost in a pipe, in
a log or under NO_COLOR.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headway.comparison import Comparison, Entry, Estimate, Verdict

__all__ = ["as_plain_text", "bullet", "p_value", "plain_lines", "plain_table", "text"]


def text(comparison: Comparison) -> tuple[RenderableType, ...]:
    """Return what a terminal shows of a comparison: verdict, scores, paired tests, notes.

    Each item is printed with `rich.console.Console.print`, one after the other.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from headway.comparison import compare
    >>> X, y = load_iris(return_X_y=True)
    >>> shown = as_plain_text(compare(X, y, models=("linear",), seeds=2, name="iris"))
    >>> shown.startswith("Softmax or sigmoid? iris")
    True
    """
    return tuple(_parts(comparison))


def as_plain_text(comparison: Comparison, width: int = 80) -> str:
    """Return the same as a string without colour, no wider than `width` columns."""
    return plain_lines(text(comparison), width)


def plain_lines(parts: Iterable[RenderableType], width: int = 80) -> str:
    """Return what a terminal shows as a string without colour, no wider than `width` columns."""
    console = Console(width=width, color_system=None, force_terminal=False, highlight=False)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _parts(comparison: Comparison) -> Iterator[RenderableType]:
    yield Text(f"Softmax or sigmoid? {comparison.name}", style="bold")
    yield Text(_facts(comparison))
    yield Text("")
    yield Text(comparison.sentence)
    yield Text("")
    yield _scores(comparison)
    yield Text(
        "In brackets the 95 % interval. Log-loss in nats, Brier score and calibration error: "
        "smaller is better."
    )
    if comparison.kind == "multilabel":
        yield Text("Accuracy counts rows with every label right.")
        yield _label_scores(comparison)
    if comparison.verdicts:
        yield Text("")
        yield Text("Paired, on the same test rows", style="bold")
        for verdict in comparison.verdicts:
            yield from _verdict(verdict)
    mistakes = {e.head: e.mistake for e in comparison.entries if e.mistake is not None}
    if mistakes:
        yield Text("")
        yield Text("(!) Common mistakes, shown on purpose", style="bold")
        for head, sentence in mistakes.items():
            yield bullet(f"{head}: {sentence}")
    if comparison.notes:
        yield Text("")
        yield Text("Notes", style="bold")
        for note in comparison.notes:
            yield bullet(note)


def _facts(comparison: Comparison) -> str:
    kind = {
        "binary": "two classes",
        "exclusive": f"{len(comparison.classes)} exclusive classes",
        "multilabel": f"{len(comparison.classes)} labels, several at once",
    }[comparison.kind]
    seeds = len(comparison.seeds)
    return (
        f"{kind}, {comparison.n_train} training and {comparison.n_test} test rows, "
        f"{seeds} seed{'s' if seeds > 1 else ''}"
    )


def _scores(comparison: Comparison) -> Table:
    table = plain_table()
    table.add_column("model", no_wrap=True)
    table.add_column("head", no_wrap=True)
    for title in ("accuracy, %", "log-loss", "Brier", "calib.", "time, s"):
        table.add_column(title, justify="right", no_wrap=True)
    previous = None
    for entry in comparison.entries:
        if previous is not None and previous != entry.model:
            table.add_section()
        table.add_row(
            entry.model if entry.model != previous else "",
            entry.head + (" (!)" if entry.mistake is not None else ""),
            _percent(entry.accuracy),
            f"{entry.log_loss.mean:.4f}",
            f"{entry.brier.mean:.3f}",
            f"{entry.calibration_error.mean:.3f}",
            f"{entry.seconds.mean:.2f}",
        )
        previous = entry.model
    return table


def plain_table() -> Table:
    """Return an empty table with one line under its head."""
    return Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        collapse_padding=True,
        pad_edge=False,
        show_edge=False,
    )


def _label_scores(comparison: Comparison) -> Table:
    table = plain_table()
    for title in ("model", "head"):
        table.add_column(title, no_wrap=True)
    names = {"hamming_loss": "Hamming loss", "micro_f1": "micro F1", "macro_f1": "macro F1"}
    for title in names.values():
        table.add_column(title, justify="right", no_wrap=True)
    for entry in comparison.entries:
        table.add_row(entry.model, entry.head, *(_detail(entry, name) for name in names))
    return table


def _detail(entry: Entry, name: str) -> str:
    return f"{entry.details[name].mean:.3f}" if name in entry.details else "-"


def _verdict(verdict: Verdict) -> Iterator[RenderableType]:
    yield bullet(f"{verdict.model}, {verdict.first} against {verdict.second}: {verdict.sentence}")
    if verdict.mcnemar:
        tests = "; ".join(
            f"seed {test.seed}: {test.only_first} against {test.only_second}, "
            f"p {p_value(test.p_value)}"
            for test in verdict.mcnemar
        )
        yield Padding(
            Text(f"rows only {verdict.first} or only {verdict.second} got right: {tests}"),
            (0, 0, 0, 4),
        )


def bullet(sentence: str) -> Table:
    """Return a bullet whose further lines are indented under its first."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(overflow="fold")
    table.add_row("-", Text(sentence))
    return table


def _percent(rate: Estimate) -> str:
    if rate.low != rate.low:
        return f"{100 * rate.mean:.2f}"
    return f"{100 * rate.mean:.2f} ({100 * rate.low:.1f}..{100 * rate.high:.1f})"


def p_value(value: float) -> str:
    """Return a p-value with its sign, as in "p = 0.012"."""
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
