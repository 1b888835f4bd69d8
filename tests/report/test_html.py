import dataclasses
import re
from html.parser import HTMLParser

import pytest
from sklearn.datasets import load_digits

from headway.explain import follow_example
from headway.report import comparison_pictures, render_report, write_report

VOID = {"meta", "img", "br", "hr", "link", "input"}
EVERY = ["digits_comparison", "table_comparison", "binary_comparison", "multilabel_comparison"]


@pytest.fixture(scope="module", autouse=True)
def drawn_once(pictures_of):
    """Let every page of this file share the pictures of its comparison."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("headway.report.html.comparison_pictures", pictures_of)
        yield


class Sound(HTMLParser):
    """Checks nesting and collects ids, links and what the page would load."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.loads = [], [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "a":
            self.links.append(attrs["href"])
        for name in ("src", "srcset", "href", "xlink:href", "data", "action"):
            if tag != "a" and name in attrs:
                self.loads.append(attrs[name])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()


@pytest.fixture(scope="module")
def story():
    X, y = load_digits(return_X_y=True)
    return follow_example(X[:300], y[:300], row=3, image_shape=(8, 8), name="digits", steps=20)


@pytest.fixture(scope="module")
def page_of(request, story):
    """Return the page of a comparison's fixture, rendered once; images come with a story."""
    rendered = {}

    def page(name):
        if name not in rendered:
            comparison = request.getfixturevalue(name)
            rendered[name] = render_report(comparison, story if comparison.image_shape else None)
        return rendered[name]

    return page


@pytest.fixture(scope="module")
def page(page_of):
    return page_of("digits_comparison")


@pytest.mark.parametrize("name", EVERY)
def test_every_page_is_sound_and_loads_nothing(name, page_of):
    page = page_of(name)
    sound = Sound()
    sound.feed(page)
    assert sound.open == []
    assert len(sound.ids) == len(set(sound.ids))
    assert all(link[1:] in sound.ids for link in sound.links)
    assert all(load.startswith(("data:", "#")) for load in sound.loads)
    assert "<script" not in page
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_the_verdict_stands_first(page, digits_comparison):
    assert page.index(digits_comparison.sentence) < page.index("<table")
    assert page.index(digits_comparison.sentence) < page.index("<figure")


def test_everything_that_was_asked_for_is_there(page):
    for heading in (
        "Scores",
        "Training",
        "Which errors are made",
        "Most often confused",
        "Where the heads disagree",
        "Can the probabilities be trusted?",
        "Raw sigmoid values beside normalised probabilities",
        "One training example, step by step",
        "Why a sigmoid layer works at all",
        "Which should I use?",
        "How it was measured",
    ):
        assert f">{heading}</h" in page


def test_each_score_is_shown_with_its_interval(page, digits_comparison):
    for entry in digits_comparison.entries:
        rate = entry.accuracy
        assert f">{100 * rate.mean:.2f} %<" in page
        assert f">{100 * rate.low:.2f} to {100 * rate.high:.2f}<" in page


def test_the_page_stays_small(page):
    assert len(page.encode()) < 3_000_000


def test_the_same_comparison_gives_the_same_page(page_of, binary_comparison, monkeypatch):
    monkeypatch.setattr("headway.report.html.comparison_pictures", comparison_pictures)
    assert render_report(binary_comparison) == page_of("binary_comparison")


def test_names_cannot_break_the_page(binary_comparison):
    nasty = dataclasses.replace(
        binary_comparison,
        name="</title><script>alert(1)</script>",
        sentence="<b>bold</b>",
        classes=("<i>", "&"),
    )
    page = render_report(nasty)
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_mistakes_are_marked_and_explained(page):
    assert page.count('<span class="tag">mistake</span>') == 2
    assert "<strong>sigmoid+mse</strong> is a common mistake." in page


def test_multilabel_pages_say_what_accuracy_means(page_of):
    page = page_of("multilabel_comparison")
    assert "every label right" in page
    assert "Hamming loss" in page
    assert "confused" not in page


def test_a_page_without_a_story_has_no_gap(page_of):
    page = page_of("binary_comparison")
    assert 'href="#story"' not in page
    assert "One training example" not in page


def test_infinite_and_unknown_numbers_are_words(binary_comparison):
    entry = binary_comparison.entries[0]
    nan = float("nan")
    odd = dataclasses.replace(
        entry,
        log_loss=dataclasses.replace(entry.log_loss, mean=float("inf"), low=nan, high=nan),
        brier=dataclasses.replace(entry.brier, mean=nan, low=nan, high=nan),
        seconds=dataclasses.replace(entry.seconds, mean=nan),
    )
    page = render_report(dataclasses.replace(binary_comparison, entries=(odd,)))
    assert '<span class="value">∞</span>' in page
    assert '<span class="value">unknown</span>' in page


def test_the_report_replaces_an_old_one_in_one_step(binary_comparison, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write_report(binary_comparison, path) == path
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]
