import os
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest

from headway.errors import InputValueError
from headway.heads import HEAD_NAMES
from headway.report import (
    Picture,
    curves_picture,
    jacobians_picture,
    logits_picture,
    to_inline_svg,
    write_picture,
)
from headway.report.picture import blank_figure, drawing_style, write_text
from headway.report.styles import head_style

HEADS = (*HEAD_NAMES[1:], "my own")


@pytest.fixture(scope="module")
def picture():
    with drawing_style():
        figure = blank_figure("A <title> & more", 2.0)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#0072b2", clip_on=True, marker="o")
        axes.set(xlabel="logit", ylabel="prob")
    return Picture("a-name", "A <title> & more", 'Says "so".', figure)


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_the_same_picture_gives_the_same_bytes(picture, tmp_path, kind):
    one, two = (write_picture(picture, tmp_path / f"{n}.{kind}").read_bytes() for n in "ab")
    assert one == two
    start = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[kind]
    assert one.startswith(start)


def test_drawing_the_same_twice_gives_the_same_bytes(tmp_path):
    one, two = (
        write_picture(jacobians_picture(), tmp_path / f"{n}.svg").read_bytes() for n in "ab"
    )
    assert one == two


def test_an_unknown_suffix_is_refused(picture, tmp_path):
    with pytest.raises(InputValueError, match=r"must end in .svg, .png or .pdf, got 'x.gif'"):
        write_picture(picture, tmp_path / "x.gif")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file_and_no_other(picture, tmp_path, monkeypatch):
    old = write_text("old", tmp_path / "page.html")

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_text("new", old)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_files_get_the_permissions_of_ordinary_files(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("x")
    written = write_text("x", tmp_path / "written")
    assert written.stat().st_mode == plain.stat().st_mode
    written.chmod(0o600)
    assert write_text("y", written).stat().st_mode & 0o777 == 0o600


def test_the_inline_element_is_sound_and_says_what_it_shows(picture):
    svg = to_inline_svg(picture)
    root = ET.fromstring(svg)
    assert root.attrib["aria-label"] == 'A <title> & more Says "so".'
    assert root.attrib["role"] == "img"
    assert "width" not in root.attrib
    assert "A &lt;title&gt; &amp; more" in svg


def test_ids_of_the_inline_element_carry_its_name_and_resolve(picture):
    root = ET.fromstring(to_inline_svg(picture))
    ids = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
    assert ids
    assert all(name.startswith("a-name-") for name in ids)
    text = to_inline_svg(picture)
    for name in ids:
        assert f"#{name}" in text
    assert len(ids) == len(set(ids))
    assert text.count('href="#') + text.count("url(#") == text.count("#a-name-")


def test_colours_of_text_and_heads_follow_the_page(picture):
    svg = to_inline_svg(picture)
    assert "var(--ink)" in svg
    assert "var(--blue)" in svg
    assert "#0072b2" not in svg
    assert "DejaVu" not in svg


def test_drawing_leaves_the_settings_of_the_caller_alone(tmp_path):
    with mpl.rc_context({"font.size": 33.0, "svg.fonttype": "path"}):
        before = dict(mpl.rcParams)
        to_inline_svg(logits_picture())
        assert dict(mpl.rcParams) == before


def test_settings_of_the_caller_do_not_reach_the_drawing():
    plain = to_inline_svg(logits_picture())
    with mpl.rc_context({"font.size": 33.0, "axes.facecolor": "red", "lines.linewidth": 9}):
        assert to_inline_svg(logits_picture()) == plain


def test_any_two_heads_differ_in_colour_marker_dash_and_hatch():
    styles = [head_style(name) for name in HEADS]
    for field in ("colour", "marker", "dash", "hatch"):
        assert len({str(getattr(style, field)) for style in styles}) == len(HEADS)


@pytest.mark.parametrize("draw", [curves_picture, jacobians_picture, logits_picture])
def test_every_panel_has_a_title_and_every_numeric_axis_a_label(draw):
    picture = draw()
    assert picture.figure.get_suptitle()
    assert picture.description
    for axes in picture.figure.axes:
        assert axes.get_title(loc="left")
        for axis in (axes.xaxis, axes.yaxis):
            words = [text.get_text() for text in axis.get_ticklabels()]
            named = any(word and not is_number(word) for word in words)
            bare = not any(words)
            assert axis.get_label_text() or named or bare


def is_number(word):
    try:
        float(word.replace("−", "-"))
    except ValueError:
        return False
    return True
