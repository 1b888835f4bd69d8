import dataclasses

import pytest

from headway.report import as_plain_text

EVERY = ["digits_comparison", "table_comparison", "binary_comparison", "multilabel_comparison"]


@pytest.mark.parametrize("name", EVERY)
def test_the_text_fits_eighty_columns_without_colour(name, request):
    shown = as_plain_text(request.getfixturevalue(name))
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    assert "…" not in shown


def test_every_score_and_verdict_is_told(digits_comparison):
    shown = as_plain_text(digits_comparison)
    flat = " ".join(shown.split())
    for entry in digits_comparison.entries:
        assert f"{100 * entry.accuracy.mean:.2f}" in shown
        assert f"{entry.log_loss.mean:.4f}" in shown
    for verdict in digits_comparison.verdicts:
        assert verdict.sentence in flat
        assert f"{verdict.mcnemar[0].only_first} against {verdict.mcnemar[0].only_second}" in flat
    assert digits_comparison.sentence in flat
    assert digits_comparison.notes[0] in flat


def test_mistakes_are_marked_in_words(digits_comparison):
    shown = as_plain_text(digits_comparison)
    assert "sigmoid+mse (!)" in shown
    assert "(!) Common mistakes, shown on purpose" in shown


def test_square_brackets_are_text_and_not_markup(binary_comparison):
    odd = dataclasses.replace(binary_comparison, name="[bold]x[/bold]", notes=("[red]note",))
    shown = as_plain_text(odd)
    assert "[bold]x[/bold]" in shown
    assert "[red]note" in shown


def test_multilabel_tables_add_their_scores(multilabel_comparison):
    shown = as_plain_text(multilabel_comparison)
    assert "Hamming loss" in shown
    assert "every label right" in shown


def test_a_score_without_an_interval_stands_alone(binary_comparison):
    entry = binary_comparison.entries[0]
    bare = dataclasses.replace(entry.accuracy, low=float("nan"), high=float("nan"))
    odd = dataclasses.replace(
        binary_comparison, entries=(dataclasses.replace(entry, accuracy=bare),)
    )
    assert "nan" not in as_plain_text(odd)
