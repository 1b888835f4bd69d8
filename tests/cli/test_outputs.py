"""Files are checked before the work and replaced in one step after it."""

import os
import stat
from pathlib import Path

import pytest

from headway.cli.outputs import check_output, prepare_folder, replacing
from headway.errors import InputValueError


def test_a_new_and_an_old_file_are_both_fine(tmp_path):
    old = tmp_path / "old.svg"
    old.write_text("old")
    for path in (old, tmp_path / "new.svg"):
        assert check_output(path, suffixes=(".svg", ".png")) == path
    assert old.read_text() == "old"


def test_the_suffix_may_be_in_capitals(tmp_path):
    check_output(tmp_path / "A.SVG", suffixes=(".svg",))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("curves.gif", r"must end in .svg or .png, got '.*curves.gif'. Write for example"),
        ("curves", r"must end in .svg or .png"),
        ("no/such/curves.svg", r"folder of the output must exist, got .*Make '.*no/such' first"),
        ("folder.svg", r"must be a file, got the folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path, name, message):
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(InputValueError, match=message):
        check_output(tmp_path / name, suffixes=(".svg", ".png"))


def test_the_folder_one_stands_in_is_refused_as_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputValueError, match=r"must be a file, got the folder '\.'"):
        check_output(Path("."), suffixes=(".headway",))


def test_a_missing_folder_is_made_on_request(tmp_path):
    check_output(tmp_path / "a" / "b" / "report.html", suffixes=(".html",), make_folder=True)
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "figures").write_text("a file")
    for folder in (tmp_path / "figures", tmp_path / "figures" / "deep"):
        with pytest.raises(InputValueError, match="must be a folder, but a file is in its place"):
            prepare_folder(folder)


def test_the_file_appears_complete_or_not_at_all(tmp_path):
    path = tmp_path / "model.headway"
    path.write_text("old")
    with pytest.raises(FileExistsError), replacing(path) as temporary:
        temporary.mkdir()  # fails: the writer crashes while the file is open
    assert path.read_text() == "old"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["model.headway"]


def test_the_temporary_name_keeps_the_suffix_by_which_writers_choose_their_format(tmp_path):
    with replacing(tmp_path / "curves.png") as temporary:
        assert temporary.suffix == ".png"


def test_permissions_are_those_of_the_old_file_or_of_any_new_one(tmp_path):
    old = tmp_path / "old.csv"
    old.write_text("")
    old.chmod(0o640)
    plain = tmp_path / "plain.csv"
    plain.write_text("")
    for path, like in ((old, 0o640), (tmp_path / "new.csv", plain.stat().st_mode & 0o777)):
        with replacing(path) as temporary:
            temporary.write_text("x")
        assert stat.S_IMODE(path.stat().st_mode) == like


def test_a_link_keeps_pointing_where_it_points(tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    with replacing(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_to_and_never_renamed_over(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with replacing(pipe) as temporary:
        assert temporary == pipe
    assert stat.S_ISFIFO(pipe.stat().st_mode)
