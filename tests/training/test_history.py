"""The record of an epoch and the bar that shows it."""

from headway.training.history import EpochRecord, ProgressBar

RECORD = EpochRecord(3, loss=0.25, accuracy=0.9, learning_rate=0.01, seconds=2.0)


def test_a_record_without_held_out_rows_speaks_of_training_alone():
    assert RECORD.to_text() == "loss 0.2500  accuracy 90.00 %"


def test_a_record_with_held_out_rows_shows_both():
    record = EpochRecord(3, 0.25, 0.9, 0.01, 2.0, val_loss=0.5, val_accuracy=0.85)
    assert record.to_text().endswith("validation: loss 0.5000  accuracy 85.00 %")


def test_a_record_becomes_a_dictionary_of_the_documented_keys():
    keys = {"epoch", "loss", "accuracy", "learning_rate", "seconds", "val_loss", "val_accuracy"}
    assert set(RECORD.to_dict()) == keys


def test_the_bar_writes_figures_to_stderr_only(capsys):
    with ProgressBar("MLPClassifier", 5, visible=True) as bar:
        bar(RECORD)
    out, err = capsys.readouterr()
    assert out == ""
    assert "MLPClassifier" in err
    assert "epoch 1/5" in err
    assert "loss 0.2500" in err


def test_an_invisible_bar_writes_nothing(capsys):
    with ProgressBar("MLPClassifier", 5, visible=False) as bar:
        bar(RECORD)
    assert capsys.readouterr() == ("", "")
