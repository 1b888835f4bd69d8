"""The table of marks, filled from the results of all files: summary.md and summary.png."""

from benchmarks._marks import MARKS, verdict
from benchmarks._pairs import ratio_text
from benchmarks._picture import Bar, draw
from benchmarks._results import read, write_file, write_text

CODES = {"dream": "yes, and the dream", "must": "yes", "no": "no"}


def write_summary():
    """Write benchmarks/results/summary.md and .png; return the markdown."""
    rows, bars, when = [], [], []
    for mark in MARKS:
        record = read(mark.file) or {"results": []}
        parts = mark.parts(record["results"])
        met = verdict(mark, parts)
        rows.append((mark.question, mark.must, mark.dream, _measured(parts), CODES.get(met, met)))
        bars += [
            Bar(f"{_short(mark)}: {part.name}", part.line, part.must, part.dream)
            for part in parts
            if part.line is not None and part.must is not None
        ]
        if "environment" in record:
            when.append(record["environment"]["when"])
    heading = ("question", "must", "dream", "measured ratio (interval)", "met?")
    lines = [heading, ("---",) * len(heading), *rows]
    text = "\n".join(
        [
            "# Numbers to reach, and what was measured",
            "",
            "Ratio = peer / headway, same run; the interval holds the median of the paired ratios",
            "(93 % or more).  A bound (>=) is a peer that was cut off.",
            "",
            *("| " + " | ".join(cells) + " |" for cells in lines),
            "",
            f"Measured from {min(when)} to {max(when)}." if when else "Nothing is measured yet.",
            "",
        ]
    )
    write_text("summary.md", text)
    if bars:
        title = "How many times faster, or leaner, headway is than the fastest peer"
        write_file("summary.png", lambda path: draw(path, title, bars))
    return text


def _measured(parts):
    cells = []
    for part in parts:
        if part.line is None:
            cells.append(f"{part.name}: not measured")
        elif part.must is None:
            cells.append(f"{part.name}: {100 * part.line['ratio']:.0f} %")
        else:
            cells.append(f"{part.name}: {ratio_text(part.line)}")
    return " / ".join(cells)


def _short(mark):
    return mark.file.replace("_", " ")
