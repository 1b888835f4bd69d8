"""Small files on which the real commands run, and a way to run them."""

from dataclasses import dataclass

import pytest
from sklearn.datasets import load_iris

from headway.cli import main


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def headway(capsys, monkeypatch):
    """Return a function that runs one command line in this process."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with iris.csv (3 classes), binary.csv, songs.csv (sets), cells.csv (0/1)."""
    iris = load_iris()
    header = "sepal_length,sepal_width,petal_length,petal_width"
    rows = [",".join(map(str, row)) for row in iris.data.tolist()]
    names = [str(iris.target_names[label]) for label in iris.target]

    def write(name, head, lines):
        (tmp_path / name).write_text("\n".join([head, *lines]) + "\n")

    write("iris.csv", f"{header},species", [f"{r},{n}" for r, n in zip(rows, names, strict=True)])
    write(
        "binary.csv",
        f"{header},species",
        [f"{r},{n}" for r, n in zip(rows[50:], names[50:], strict=True)],
    )
    sets = [
        "|".join(name for name, holds in (("long", row[0] > 5.8), ("wide", row[1] > 3.0)) if holds)
        for row in iris.data
    ]
    write("songs.csv", f"{header},moods", [f"{r},{s}" for r, s in zip(rows, sets, strict=True)])
    cells = [f"{int('long' in s)},{int('wide' in s)}" for s in sets]
    write(
        "cells.csv", f"{header},long,wide", [f"{r},{c}" for r, c in zip(rows, cells, strict=True)]
    )
    write("new.csv", header, rows[::30])
    monkeypatch.chdir(tmp_path)
    return tmp_path
