"""The numbers to reach, and which measured lines answer them.

A mark names a question of the table, the file that measures it, and parts: each part picks one
line of that file's results (a ratio, peer / ours, with its interval) and has its own must and
dream.  A ratio reaches a mark if its median does and its interval lies above 1; a bound (the
peer was cut off) reaches what it proves.
"""

from dataclasses import dataclass

from benchmarks._shapes import SHAPES


@dataclass(frozen=True)
class Part:
    """One ratio that a mark asks for; `line` is None where it was not measured."""

    name: str
    line: dict | None
    must: float | None
    dream: float


@dataclass(frozen=True)
class Mark:
    """One row of the table: how it reads, and `parts(lines)` of its file."""

    question: str
    must: str
    dream: str
    file: str
    parts: object


def reaches(line, mark):
    """Return whether a line's ratio is proven to be at or above a mark."""
    if line is None or line.get("ratio") is None:
        return False
    if line.get("bound"):
        return line["low"] >= mark
    return line["ratio"] >= mark and (line["low"] > 1 or mark < 1)


def least(lines, case, *starts):
    """Return the line of the contestant that was hardest to beat, among names that start so."""
    lines = [
        line
        for line in lines
        if line["case"] == case
        and line.get("ratio") is not None
        and line["contestant"].startswith(starts)
    ]
    return min(lines, key=lambda line: line["ratio"], default=None)


EAGER = ("torch, malloc tuned", "torch, out=")


def _softmax_small(lines):
    return [
        Part(f"{SOFTMAX}: torch", least(lines, SOFTMAX, *EAGER), 10, 20),
        Part(f"{SOFTMAX}: scipy", least(lines, SOFTMAX, "scipy"), 12, 25),
    ]


def _softmax_sizes(lines):
    parts = []
    for case in ("100k x 100", "10k x 1000", "512 x 128k"):
        parts.append(Part(f"{case}: torch", least(lines, case, *EAGER), 1.2, 1.5))
        parts.append(Part(f"{case}: scipy", least(lines, case, "scipy"), 5, 8))
        parts.append(Part(f"{case}: share of copy", least(lines, case, "copy"), None, 0.75))
    return parts


def _cases(cases, starts, must, dream):
    return lambda lines: [Part(case, least(lines, case, *starts), must, dream) for case in cases]


def _fastest(lines, case):
    found = [line for line in lines if line["case"] == case and line.get("fastest")]
    return found[0] if found else None


def _fastest_of(cases, must, dream):
    return lambda lines: [Part(case, _fastest(lines, case), must, dream) for case in cases]


def _by_scikit_learn(lines):
    parts = []
    for name in ("bibtex", "tmc2007"):
        case = f"{name}, to 1e-06"
        parts.append(Part(f"{case}: scikit-learn", least(lines, case, "scikit-learn"), 10, 50))
    return parts


def _sigmoid(lines):
    return [
        Part("10M: torch", least(lines, "10M", "torch"), 1.2, 1.2),
        Part("10M: scipy", least(lines, "10M", "scipy"), 15, 15),
        Part("10M: share of copy", least(lines, "10M", "copy"), None, 0.95),
    ]


def _one_row(lines):
    return [
        Part("scikit-learn", least(lines, "784 -> 10", "scikit-learn"), 15, 50),
        Part("onnxruntime", least(lines, "784 -> 10", "onnxruntime"), 1, 5),
    ]


def _temperature(lines):
    return [
        Part(f"{case}: {peer}", least(lines, case, peer), 5, 20)
        for case in ("temperature, 10k x 100", "temperature, 50k x 1000")
        for peer in ("scikit-learn", "probmetrics")
    ]


def _label_calibrators(lines):
    return [
        Part(case, least(lines, case, "scikit-learn"), 3, 10)
        for case in ("Platt, 5k x 159 labels", "isotonic, 5k x 159 labels")
    ]


def _linear_cross_entropy(lines):
    time, memory = (f"{what}, d = 256, K = 128k, batch 1024" for what in ("time", "peak memory"))
    return [
        Part("time: torch options", least(lines, time, "torch options"), 1.2, 2),
        Part("time: torch eager", least(lines, time, "torch eager"), 1.2, 2),
        Part("memory: torch eager", least(lines, memory, "torch eager"), 4, 10),
    ]


SHAPE_CASES = tuple(f"{shape.name}, to 1e-06" for shape in SHAPES)
TEXT_CASES = tuple(f"words of clinc150, {head}, to 1e-06" for head in ("softmax", "sigmoid"))
SOFTMAX = "1M x 10"
ENTROPIES = tuple(f"cross-entropy, {size}" for size in ("1M x 10", "10k x 1000", "512 x 128k"))

MARKS = (
    Mark(
        "softmax, 1M x 10: torch / scipy",
        "10x / 12x",
        "20x / 25x",
        "kernels_softmax",
        _softmax_small,
    ),
    Mark(
        "softmax, K = 100, 1000, 128k: torch (malloc tuned) / scipy",
        "1.2x / 5x",
        "1.5x / 8x; >= 75 % of copy bandwidth",
        "kernels_softmax",
        _softmax_sizes,
    ),
    Mark(
        "cross-entropy loss + gradient, K = 10, 1000, 128k: torch fwd+bwd (malloc tuned)",
        "3x",
        "5x",
        "kernels_losses",
        _cases(ENTROPIES, ("torch, malloc tuned",), 3, 5),
    ),
    Mark(
        "binary cross-entropy loss + gradient, 100k x 100: torch fwd+bwd",
        "3x",
        "5x",
        "kernels_losses",
        _cases(("binary cross-entropy, 100k x 100",), ("torch, malloc tuned",), 3, 5),
    ),
    Mark(
        "sigmoid 10M: torch with `out=` / scipy",
        "1.2x / 15x",
        "at the copy limit",
        "kernels_sigmoid",
        _sigmoid,
    ),
    *(
        Mark(
            f"MNIST logistic regression, C = {C}, to relative gap 1e-4 and 1e-6: fastest peer",
            f"{must}x",
            f"{dream}x",
            "logistic_mnist",
            _fastest_of((f"MNIST, C = {C}, to 0.0001", f"MNIST, C = {C}, to 1e-06"), must, dream),
        )
        for C, must, dream in ((1, 20, 60), (0.01, 7, 12))
    ),
    Mark(
        "12 shapes, to 1e-6: fastest peer per shape",
        ">= 1x on all, >= 3x on 8",
        ">= 3x on all",
        "logistic_shapes",
        _fastest_of(SHAPE_CASES, 1, 3),
    ),
    Mark(
        "multi-label, bibtex (159 labels) and tmc2007: scikit-learn OneVsRest, same optimum",
        "10x",
        "50x",
        "logistic_multilabel",
        _by_scikit_learn,
    ),
    Mark(
        "sparse text (clinc150, 150 classes): fastest of scikit-learn, cyanure, liblinear",
        "2x",
        "6x",
        "logistic_text",
        _fastest_of(TEXT_CASES, 2, 6),
    ),
    Mark(
        "linear + cross-entropy, d = 256, K = 128k, batch 1024: torch `linear_cross_entropy` "
        "best options / eager, time and peak memory",
        "1.2x and 1/4",
        "2x and 1/10",
        "linear_cross_entropy",
        _linear_cross_entropy,
    ),
    Mark(
        "temperature, 10k x 100 and 50k x 1000: scikit-learn / probmetrics, loss no worse",
        "5x / 5x",
        "20x / 20x",
        "calibration",
        _temperature,
    ),
    Mark(
        "Platt and isotonic, 159 labels: scikit-learn, label by label",
        "3x",
        "10x",
        "calibration",
        _label_calibrators,
    ),
    Mark(
        "one row, 784 -> 10, lean predict path: scikit-learn / onnxruntime",
        "15x / 1x",
        "50x / 5x",
        "one_row",
        _one_row,
    ),
)
ENOUGH = {"12 shapes, to 1e-6: fastest peer per shape": (8, 3)}


def verdict(mark, parts):
    """Return "dream", "must", "no" or "not measured" for the parts of a mark.

    Twelve shapes ask for one thing more: 3x on 8 of them.
    """
    if any(part.line is None for part in parts) or not parts:
        return "not measured" if all(part.line is None for part in parts) else "in part"
    if all(reaches(part.line, part.dream) for part in parts):
        return "dream"
    how_many, ratio = ENOUGH.get(mark.question, (0, 0))
    enough = sum(reaches(part.line, ratio) for part in parts) >= how_many
    musts = all(part.must is None or reaches(part.line, part.must) for part in parts)
    return "must" if musts and enough else "no"
