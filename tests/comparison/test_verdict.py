"""Verdicts: paired, with the right sign, and honest words."""

from dataclasses import replace

import numpy as np
import pytest

from headway.comparison import Run
from headway.comparison.advice import advise
from headway.comparison.summary import summarise
from headway.comparison.verdict import judge, span


def an_entry(head, tables, *, model="linear", mistake=None, sureness=2.0):
    runs = []
    for seed, right in enumerate(tables):
        labels = np.arange(len(right)) % 3
        predictions = np.where(right, labels, (labels + 1) % 3)
        logits = sureness * np.eye(3)[predictions]
        log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        runs.append(
            Run(
                model=model,
                head=head,
                seed=seed,
                labels=labels,
                logits=logits,
                probs=np.exp(log_probs),
                log_probs=log_probs,
                predictions=predictions,
                membership=None,
                seconds=1.0,
                settings={},
                rows=np.arange(len(right)),
            )
        )
    return summarise(runs, kind="exclusive", n_rows=len(tables[0]), mistake=mistake)


def right_but_for(n, wrong, seeds=3):
    table = np.ones((seeds, n), dtype=bool)
    table[:, list(wrong)] = False
    return table


BETTER = an_entry("softmax", right_but_for(500, range(10)))
WORSE = an_entry("sigmoid", right_but_for(500, range(40)))


def test_a_clear_difference_is_told_with_its_interval():
    verdict = judge(BETTER, WORSE, n_rows=500)
    assert verdict.difference.mean == pytest.approx(6.0)
    assert verdict.difference.low > 0
    assert verdict.sentence.startswith("softmax is better by 6.0 points (95 % interval ")
    assert verdict.log_loss_difference.high < 0


def test_swapping_the_heads_turns_the_sign_but_not_the_winner():
    verdict = judge(WORSE, BETTER, n_rows=500)
    assert verdict.difference.mean == pytest.approx(-6.0)
    assert verdict.sentence == judge(BETTER, WORSE, n_rows=500).sentence


def test_mcnemar_is_told_for_each_seed_and_never_pooled():
    verdict = judge(BETTER, WORSE, n_rows=500)
    assert [(t.seed, t.only_first, t.only_second) for t in verdict.mcnemar] == [
        (0, 30, 0),
        (1, 30, 0),
        (2, 30, 0),
    ]
    assert verdict.mcnemar[0].p_value == pytest.approx(2 * 0.5**30)


def test_a_difference_within_chance_is_not_called_one():
    near = an_entry("sigmoid", right_but_for(500, range(3, 14)))
    sentence = judge(BETTER, near, n_rows=500).sentence
    assert sentence.startswith("no difference that this data can show (softmax minus sigmoid: 0.2")
    assert "is better" not in sentence


def test_heads_that_never_differ_still_have_an_interval():
    same = judge(BETTER, an_entry("sigmoid", right_but_for(500, range(10))), n_rows=500)
    assert same.difference.mean == 0.0
    assert same.difference.low < 0 < same.difference.high
    assert "0.0 points" in same.sentence
    assert "-0.0 points" not in same.sentence


def test_pairing_makes_the_interval_far_shorter_than_either_accuracy():
    verdict = judge(BETTER, WORSE, n_rows=500)
    rng = np.random.default_rng(0)
    shuffled = an_entry("sigmoid", rng.permuted(right_but_for(500, range(40), 1), axis=1))
    unpaired = judge(replace(BETTER, runs=BETTER.runs[:1]), shuffled, n_rows=500)
    paired = verdict.difference.high - verdict.difference.low
    assert paired < unpaired.difference.high - unpaired.difference.low


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.12, 0.71, "0.1 to 0.7"),
        (0.02, 0.71, "0.02 to 0.71"),
        (-0.31, 0.22, "-0.3 to 0.2"),
        (0.01, 0.05, "0.01 to 0.05"),
        (-2.8, 2.8, "-2.8 to 2.8"),
    ],
)
def test_no_end_of_an_interval_is_rounded_onto_zero(low, high, text):
    assert span(low, high) == text


def advice(*entries, kind="exclusive"):
    verdicts = [judge(entries[0], entry, n_rows=500) for entry in entries[1:]]
    return advise(entries, verdicts, kind=kind, n_rows=500)


def test_the_advice_names_the_better_head():
    assert advice(BETTER, WORSE).startswith(
        "With linear use softmax: it is better by 6.0 points (95 % interval "
    )


def test_the_advice_is_either_where_nothing_is_shown_and_names_the_better_probabilities():
    sure = an_entry("softmax", right_but_for(500, range(10)), sureness=4.0)
    told = advice(sure, an_entry("sigmoid", right_but_for(500, range(1, 11)), sureness=2.0))
    assert told.startswith("With linear use either: no difference in accuracy that this data")
    assert "The probabilities of linear are better with softmax" in told


def test_a_mistake_is_never_advised_even_if_it_won():
    lucky = an_entry("sigmoid+mse", right_but_for(500, []), mistake="wrong loss")
    told = advice(WORSE, BETTER, lucky)
    assert told.startswith("With linear use softmax")
    assert "The mistake sigmoid+mse happens to gain 8.0 points with linear" in told
    assert "use sigmoid+mse" not in told


def test_the_cost_of_a_mistake_is_told():
    costly = an_entry("sigmoid+mse", right_but_for(500, range(60)), mistake="wrong loss")
    assert "The mistake sigmoid+mse costs 10.0 points with linear" in advice(BETTER, costly)


def test_two_classes_and_label_sets_are_not_contested():
    assert "same model: use either" in advice(BETTER, kind="binary")
    assert advice(WORSE, kind="multilabel").startswith("Use sigmoid: a row may carry several")


def test_models_are_ranked_each_by_its_better_head():
    network = [
        an_entry("softmax", right_but_for(500, range(5)), model="mlp"),
        an_entry("sigmoid", right_but_for(500, range(4)), model="mlp"),
    ]
    entries = [BETTER, WORSE, *network]
    verdicts = [judge(BETTER, WORSE, n_rows=500), judge(*network, n_rows=500)]
    told = advise(entries, verdicts, kind="exclusive", n_rows=500)
    assert told.startswith("With linear use softmax")
    assert "With mlp use either" in told
    assert told.endswith("mlp 99.2 %, linear 98.0 % accuracy, each with its better head.")


def test_without_a_second_sound_head_no_head_is_advised():
    costly = an_entry("sigmoid+mse", right_but_for(500, range(60)), mistake="wrong loss")
    told = advice(BETTER, costly)
    assert told.startswith("Only softmax ran: to choose a head, compare softmax with sigmoid.")
    assert "Reached: linear 98.0 % accuracy." in told
