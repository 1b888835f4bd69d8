"""What README.md and docs/*.md show is true: every block of Python and of commands is run.

A ```python block holds doctests or plain code; a page reads from top to bottom, so later
blocks may use names from earlier ones.  In a ```console block every line that starts with
"$ headway" is run in a folder with the sample files, and its output (stdout and stderr as a
terminal mixes them) must be the lines below it; "..." stands for what differs between machines.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from headway.cli import main
from headway.datasets import rare_labels

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))) if page.exists()
]
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
# Seconds at the end of a score or a study, and a bound that is rounding noise: different on every
# machine.
VOLATILE = re.compile(
    r"(?<=\d\.\d{3})  +\d+\.\d\d$|(?<=^optimality gap) +\S+|(?<=^headway: took) \d+\.\d s$"
)
# Known words after ``` that no test runs.
SHOWN_ONLY = {"bash", "sh", "text", "csv", "json", "html", "toml", "mermaid", "bibtex"}


def blocks(page, language):
    """Return (first line number, text) of each block in one language."""
    text = page.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, match.start()) + 1, match[2])
        for match in FENCE.finditer(text)
        if match[1] == language
    ]


def pages_with(language):
    return [
        pytest.param(page, id=page.relative_to(ROOT).as_posix())
        for page in PAGES
        if blocks(page, language)
    ]


@pytest.fixture
def sample_folder(tmp_path, monkeypatch):
    """A working folder that holds the files the pages speak of."""
    iris = load_iris()
    names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    lines = [",".join([*names, "species"])]
    for row, label in zip(iris.data.tolist(), iris.target, strict=True):
        lines.append(",".join([*map(str, row), str(iris.target_names[label])]))
    (tmp_path / "iris.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "new.csv").write_text(
        "\n".join(
            [lines[0].rsplit(",", 1)[0], "5.1,3.5,1.4,0.2", "6.0,2.9,4.5,1.5", "6.0,3.0,4.8,1.8"]
        )
        + "\n"
    )
    moods = ["calm", "calm|sad", "happy", "", "sad", "happy", "calm", "sad", "happy", "calm|sad"]
    songs = ["tempo,energy,moods"]
    songs += [f"{80 + 7 * i % 60},{(i * 37 % 100) / 100},{mood}" for i, mood in enumerate(moods)]
    (tmp_path / "songs.csv").write_text("\n".join(songs) + "\n")
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(600, 3)).round(3)
    insects = np.array(["ant", "bee", "fly"])[(honest + rng.gumbel(size=(600, 3))).argmax(axis=1)]
    rows = [
        ",".join([*(f"{3 * z:.3f}" for z in row), insect])
        for row, insect in zip(honest, insects, strict=True)
    ]
    (tmp_path / "logits.csv").write_text("\n".join(["ant,bee,fly,insect", *rows]) + "\n")
    write_machines(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def write_machines(folder):
    """Write the three parts of the tutorial's data, and some rows without labels."""
    data = rare_labels(3000, n_features=24)
    features = [",".join(map(repr, row)) for row in data.X.tolist()]
    labels = [",".join("" if t != t else f"{t:.0f}" for t in row) for row in data.y.tolist()]
    header = ",".join(data.feature_names)
    for name, start, stop in (("train", 0, 800), ("held-out", 800, 1800), ("test", 1800, 3000)):
        rows = [",".join(row) for row in zip(features[start:stop], labels[start:stop], strict=True)]
        text = "\n".join([",".join([header, *data.classes]), *rows]) + "\n"
        (folder / f"{name}.csv").write_text(text)
    (folder / "new-machines.csv").write_text("\n".join([header, *features[1800:1810]]) + "\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_names_a_known_language(page):
    unknown = {match[1] for match in FENCE.finditer(page.read_text(encoding="utf-8"))}
    assert unknown <= SHOWN_ONLY | {"python", "console"}


@pytest.mark.parametrize("page", pages_with("python"))
def test_every_python_block_runs_and_prints_what_the_page_says(page, sample_folder):
    names = {"__name__": "__main__"}
    for line, text in blocks(page, "python"):
        if "import gymnasium" in text:
            pytest.importorskip("gymnasium", reason="gymnasium is not installed")
        if ">>> " not in text:
            exec(compile("\n" * line + text, str(page), "exec"), names)
            continue
        test = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), line)
        report = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
        failed, _ = runner.run(test, out=report.write, clear_globs=False)
        assert not failed, report.getvalue()
        names = test.globs


@pytest.mark.parametrize("page", pages_with("console"))
def test_every_command_prints_what_the_page_says(page, sample_folder):
    shown = page.read_text(encoding="utf-8")
    actual = re.sub(r"(?<=^```console\n).*?(?=^```$)", rerun, shown, flags=re.MULTILINE | re.DOTALL)
    if os.environ.get("HEADWAY_UPDATE_DOCS"):
        page.write_text(actual, encoding="utf-8")
    assert actual == shown, "set HEADWAY_UPDATE_DOCS=1 to put what the commands print into the page"


def rerun(block):
    """Return a console block with the output that its commands give now."""
    lines = []
    for command in re.findall(r"^\$ (headway .*)$", block[0], re.MULTILINE):
        seen = io.StringIO()
        with contextlib.redirect_stdout(seen), contextlib.redirect_stderr(seen):
            main(shlex.split(command)[1:])
        lines += [f"$ {command}", *(row.rstrip() for row in seen.getvalue().splitlines())]
    return "".join(f"{VOLATILE.sub('     ...', line)}\n" for line in lines)


def test_the_pictures_of_the_pages_are_there():
    for page in PAGES:
        for alt, place in re.findall(
            r"!\[([^\]]*)\]\(([^):]+)\)", page.read_text(encoding="utf-8")
        ):
            assert (page.parent / place).exists(), f"{page.name} shows {place}"
            assert alt, f"{page.name} shows {place} without words"


def test_the_pages_link_to_pages_and_sections_that_exist():
    for page in PAGES:
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        for target, section in re.findall(r"\]\(([^)#:]*\.md)?(#[^)]*)?\)", text):
            other = page.parent / target if target else page
            assert other.exists(), f"{page.name} links to {target}"
            if section:
                headings = re.findall(r"^#+ (.*)$", other.read_text(encoding="utf-8"), re.MULTILINE)
                slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
                assert section[1:] in slugs, f"{page.name} links to {target}{section}"
