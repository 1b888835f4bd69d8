"""`headway probs`: one row of logits through sigmoid and softmax, side by side."""

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.console import can_show, note, print_json
from headway.cli.options import Figure, Json
from headway.cli.outputs import FIGURE_SUFFIXES, check_output

if TYPE_CHECKING:
    from headway.explain import LogitTable

BAR = 20  # characters of a bar that stands for 1
WIDEST = 8  # columns of the temperature table

NAME = "probs"
# So that -0.5 is a logit and not an unknown option, with or without the bare -- before it.
CONTEXT: dict[str, Any] = {"ignore_unknown_options": True}
EXAMPLES = """Examples:

\b
  headway probs -- -0.5 1.2 -0.1 2.4
  headway probs --temperature 0.5 -- -0.5 1.2 -0.1 2.4
  headway probs --json -- 0.3 1.1
"""


def run(
    logits: Annotated[
        list[str],
        typer.Argument(
            metavar="LOGIT",
            help="The numbers of one row; put -- before the first.",
            show_default=False,
        ),
    ],
    temperature: Annotated[
        float,
        typer.Option(metavar="T", help="Divide the logits by T: 0 is the argmax, inf all alike."),
    ] = 1.0,
    threshold: Annotated[
        float, typer.Option(metavar="P", help="A label passes if its sigmoid exceeds P.")
    ] = 0.5,
    figure: Figure = None,
    json: Json = False,
) -> None:
    """Show what sigmoid and softmax make of one row of logits.

    Both columns with their sums, the largest, the labels that pass the
    threshold, and the effect of the temperature.
    """
    if figure is not None:
        check_output(figure, suffixes=FIGURE_SUFFIXES)
    from headway.explain import explain_logits

    table = explain_logits(
        [_number(word) for word in logits], temperature=temperature, threshold=threshold
    )
    if json:
        print_json(table.to_dict())
    else:
        typer.echo("\n".join(_lines(table)))
    if figure is not None:
        from headway.report import logits_picture, write_picture

        write_picture(logits_picture(table), figure)
        note(f"drew {figure}")


def _number(word: str) -> float:
    """Return a word as a number, or refuse it as wrong usage."""
    try:
        return float(word)
    except ValueError as error:
        raise typer.BadParameter(f"'{word}' is not a number.", param_hint="'LOGIT'") from error


def _lines(table: "LogitTable") -> list[str]:
    """Return the table, the two decisions and the effect of temperature as lines of text."""
    wide = max(5, *(len(name) for name in table.names))
    scale = "" if table.temperature == 1 else f" at temperature {table.temperature:g}"
    lines = [f"{'class':<{wide}}   logit  sigmoid{'':{BAR + 2}}softmax{scale}"]
    for k, name in enumerate(table.names):
        lines.append(
            f"{name:<{wide}}  {table.logits[k]:6.2f}"
            f"     {table.sigmoid[k]:.2f} {_bar(table.sigmoid[k]):<{BAR}}"
            f"     {table.softmax[k]:.2f} {_bar(table.softmax[k])}".rstrip()
        )
    lines.append(
        f"{'sum':<{wide}}  {'':6}  {table.sigmoid.sum():7.2f} {'':{BAR}}"
        f"  {table.softmax.sum():7.2f}"
    )
    passing = ", ".join(table.names[k] for k in table.passing) or "none"
    lines += [
        "",
        f"If one class holds (softmax), take the largest: {table.names[table.argmax]}",
        *textwrap.wrap(
            f"If several may hold (sigmoid), take those above {table.threshold:g}: {passing}",
            width=80,
            subsequent_indent="  ",
        ),
    ]
    if table.two_logits is not None:
        two = table.two_logits
        lines.append(
            f"Two classes: softmax of {table.names[1]} is the sigmoid of the difference, "
            f"sigmoid({two.difference:.4g}) = {two.sigmoid_of_difference:.4f}"
        )
    return [*lines, "", *_sweep_lines(table)]


def _sweep_lines(table: "LogitTable") -> list[str]:
    """Return softmax at several temperatures, for at most the eight largest logits."""
    order = sorted(range(len(table.names)), key=lambda k: -table.logits[k])
    shown = sorted(order[:WIDEST])
    cells = [
        table.names[k] if len(table.names[k]) <= 6 else table.names[k][:5] + "~" for k in shown
    ]
    left = len(table.names) - len(shown)
    more = f"  ({left} more)" if left else ""
    lines = ["softmax when the logits are divided by a temperature"]
    lines.append(f"{'temperature':<13}" + "".join(f"{cell:>7}" for cell in cells) + more)
    for row in table.sweep:
        name = {0.0: "0 (argmax)", float("inf"): "inf (uniform)"}.get(
            row.temperature, f"{row.temperature:g}"
        )
        lines.append(f"{name:<13}" + "".join(f"{row.softmax[k]:7.2f}" for k in shown))
    return lines


def _bar(value: float) -> str:
    """Return a bar of a length in proportion to a value in 0..1."""
    return ("█" if can_show("█") else "#") * round(BAR * float(value))
