import gzip

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal

from headway.datasets import read_features, read_table, read_target
from headway.errors import (
    DataNotFoundError,
    FileFormatError,
    HeadwayError,
    InputTypeError,
    InputValueError,
)
from headway.labels import LabelEncoder, inspect_labels

GOOD = "a,b,kind\n1,0.5,ham\n2,-1e3,spam\n3,0,ham\n"


@pytest.fixture
def write(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_all_columns_but_the_target_are_features(write):
    data = read_table(write(GOOD), target="kind")
    assert data.name == "table"
    assert_array_equal(data.X, [[1, 0.5], [2, -1000], [3, 0]])
    assert data.X.dtype == np.float64
    assert data.X.flags.c_contiguous
    assert data.y.tolist() == ["ham", "spam", "ham"]
    assert data.classes == ("ham", "spam")
    assert data.feature_names == ("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        "kind,a,b\nham,1,0.5\nspam,2,-1e3\nham,3,0\n",
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        "\ufeff" + GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        "\n\n" + GOOD,
        GOOD + "\n\n",
        GOOD.replace("\n2", "\n\n2"),
        "a , b,kind\n1 , 0.5, ham\n2,-1e3 ,spam\n3,0,ham \n",
        'a,b,kind\n"1","0.5","ham"\n2,-1e3,spam\n3,0,"ham"\n',
    ],
    ids=[
        "target first",
        "windows lines",
        "no last newline",
        "byte order mark",
        "semicolons",
        "tabs",
        "blank lines first",
        "blank lines last",
        "blank line within",
        "spaces",
        "quotes",
    ],
)
def test_the_same_table_is_read_from_many_dialects(write, text):
    data = read_table(write(text), target="kind")
    assert_array_equal(data.X, [[1, 0.5], [2, -1000], [3, 0]])
    assert data.y.tolist() == ["ham", "spam", "ham"]
    assert data.feature_names == ("a", "b")


def test_a_gzipped_table_is_read_whatever_its_name(write):
    packed = gzip.compress(GOOD.encode(), mtime=0)
    data = read_table(write(packed, "table.csv.gz"), target="kind")
    assert data.name == "table"
    assert_array_equal(read_table(write(packed, "t"), target="kind").X, data.X)


def test_true_and_false_are_one_and_zero(write):
    path = write("a,b,kind\nTrue,1,x\nfalse,2,y\n")
    assert_array_equal(read_table(path, target="kind").X, [[1, 1], [0, 2]])


@pytest.mark.parametrize(
    ("cells", "expected", "kind"),
    [
        (["1", "0", "1"], [1, 0, 1], "i"),
        (["-1", "1", "1"], [-1, 1, 1], "i"),
        (["1.0", "0.0", "1.0"], [1.0, 0.0, 1.0], "f"),
        (["007", "7", "7"], ["007", "7", "7"], "O"),
        (["1", "b", "1"], ["1", "b", "1"], "O"),
        (["true", "false", "true"], ["true", "false", "true"], "O"),
        (["+1", "1", "0"], ["+1", "1", "0"], "O"),
    ],
)
def test_targets_become_numbers_only_where_nothing_is_lost(write, cells, expected, kind):
    path = write("a,kind\n" + "".join(f"0,{cell}\n" for cell in cells))
    y = read_table(path, target="kind").y
    assert y.tolist() == expected
    assert y.dtype.kind == kind


def test_a_piped_target_is_a_set_and_an_empty_cell_the_empty_set(write):
    path = write('a,moods\n1,sad\n2,calm|sad\n3,\n4,""\n5, calm | wild \n')
    data = read_table(path, target="moods")
    assert data.classes == ("calm", "sad", "wild")
    assert data.y.tolist() == ["sad", "calm|sad", "", "", "calm | wild"]
    matrix = LabelEncoder(data.classes).fit_transform(data.y)
    assert_array_equal(matrix.sum(axis=1), [1, 2, 0, 0, 2])


def test_several_columns_are_a_label_matrix(write):
    path = write("x,sad,a,calm\n1,0,5,1\n2,1,6,0\n3,,7,1.0\n")
    for target in ("sad,calm", "sad, calm", ["sad", "calm"]):
        data = read_table(path, target=target)
        assert_array_equal(data.y, [[0, 1], [1, 0], [np.nan, 1]])
        assert data.classes == ("sad", "calm")
        assert data.feature_names == ("x", "a")


def test_a_column_whose_name_has_a_comma_is_one_column(write):
    path = write('x,"a,b"\n1,u\n2,v\n')
    assert read_table(path, target="a,b").y.tolist() == ["u", "v"]


def test_declared_classes_are_kept_in_their_order(write):
    data = read_table(write(GOOD), target="kind", classes=["spam", "ham", "other"])
    assert data.classes == ("spam", "ham", "other")


def test_read_target_reads_files_whose_features_are_text(write):
    path = write('text,kind\nhello,ham\n"a\nb",spam\n')
    assert read_target(path, target="kind").tolist() == ["ham", "spam"]


def test_read_target_keeps_the_names_of_several_columns(write):
    y = read_target(write("x,sad,calm\nu,0,1\nv,1,\nw,1,0\n"), target="sad,calm")
    assert isinstance(y, polars.DataFrame)
    structure = inspect_labels(y)
    assert structure.classes == ("sad", "calm")
    assert structure.cells_missing == 1


@pytest.mark.parametrize("missing", ["?", "-1", -1, "-1.0"])
def test_a_declared_missing_value_marks_cells_like_an_empty_one(write, missing):
    mark = "?" if missing == "?" else "-1"
    file = write(f"x,sad,calm\n1,0,1\n2,1, {mark}\n3,,0\n")
    y = read_table(file, target="sad,calm", missing=missing).y
    np.testing.assert_array_equal(y, [[0, 1], [1, np.nan], [np.nan, 0]])
    told = read_target(file, target="sad,calm", missing=missing).to_numpy()
    np.testing.assert_array_equal(told, y)


@pytest.mark.parametrize(
    ("target", "missing", "message"),
    [
        ("sad,calm", None, r"\(empty, or what is declared as missing: not known\), got '-1'"),
        ("sad,calm", "1", "neither 0 nor 1, got '1'"),
        ("sad,calm", 0.0, r"neither 0 nor 1, got 0\.0"),
        ("sad", "-1", "missing='-1' with the single target column 'sad'"),
    ],
)
def test_a_missing_value_that_cannot_be_is_refused(write, target, missing, message):
    file = write("x,sad,calm\n1,0,1\n2,1,-1\n3,0,0\n")
    with pytest.raises(InputValueError, match=message):
        read_table(file, target=target, missing=missing)


def test_a_file_of_labels_alone_can_be_inspected(write):
    path = write("moods\nsad\n\ncalm|sad\n\n\n")
    assert read_target(path, target="moods").tolist() == ["sad", "", "calm|sad"]


def test_read_features_ignores_other_columns_and_follows_the_names(write):
    path = write("b,kind,note,a\n1,ham,x,2\n3,,y,4\n")
    assert_array_equal(read_features(path, ["a", "b"]), [[2, 1], [4, 3]])
    assert_array_equal(read_features(path, np.array(["b"])), [[1], [3]])


def test_read_features_names_what_is_missing(write):
    path = write("alpha,beta,kind\n1,2,x\n")
    message = r"all 3 features of the model, got none named 'alhpa', 'gamma'\. Nearest to 'alhpa'"
    with pytest.raises(InputValueError, match=message):
        read_features(path, ["alhpa", "beta", "gamma"])


def test_cells_of_unused_columns_may_be_anything(write):
    path = write('a,note\n1,inf\n2,\n3,"x, y"\n')
    assert_array_equal(read_features(path, ["a"]), [[1], [2], [3]])


BROKEN = [
    ("", FileFormatError, "got an empty file"),
    ("\n\n", FileFormatError, "got an empty file"),
    ("a,b,kind\n", FileFormatError, "at least one row below its header"),
    ("a,b,kind", FileFormatError, "at least one row below its header"),
    ("a,b,kind\n\n\n", FileFormatError, "at least one row below its header"),
    ("a,b,kind\n1,2,x\n3,4\n5,6,y\n", FileFormatError, "3 cells, .* got 2 on line 3"),
    ("a,b,kind\n1,2,x\n3,4,y,9\n", FileFormatError, "3 cells, .* got 4 on line 3"),
    ("a,b,kind\n1,2,x\n\n3\n", FileFormatError, "got 1 on line 4"),
    ('a,b,kind\n1,2,"x\ny"\n3,4\n', FileFormatError, "got 2 on line 4"),
    ('a,b,kind\n1,2,x\n3,"4,y\n5,6,z\n', FileFormatError, "broken row that starts on line 3"),
    ('a,b,kind\n1,2,x\n3,"4"5,y\n', FileFormatError, "broken row that starts on line 3"),
    ("a,,kind\n1,2,x\n", FileFormatError, "got none for column 2 of 3. Name it"),
    (",a,kind\n0,2,x\n", FileFormatError, "got none for column 1 of 3. It looks like a row index"),
    ("a,b,a,kind\n1,2,3,x\n", FileFormatError, r"'a' twice \(columns 1 and 3\)"),
    (b"a,kind\n1,x\n2,caf\xe9\n", FileFormatError, "UTF-8, got other bytes on line 3"),
    (b"caf\xe9,kind\n1,x\n", FileFormatError, "UTF-8, got other bytes on line 1"),
    (GOOD.encode("utf-16"), FileFormatError, "got a binary file"),
    (b"PK\x03\x04\x00\x00", FileFormatError, "got a binary file"),
    (gzip.compress(GOOD.encode(), mtime=0)[:30], FileFormatError, "can be read"),
    ("kind\nx\ny\n", InputValueError, "features beside the target, got only 'kind'"),
    ("a,b,kind\n1,2,x\n3,red,y\n", InputTypeError, "the text 'red' in column 'b' on line 3"),
    ("a,b,kind\n1,,x\n3,4,y\n", InputValueError, "an empty cell in column 'b' on line 2"),
    ("a,b,kind\n,1,x\n,4,y\n", InputValueError, r"empty cell in column 'a' on line 2 .*\(2 such"),
    ('a,b,kind\n1,"",x\n3,4,y\n', InputValueError, "an empty cell in column 'b' on line 2"),
    ("a,b,kind\n1 ,,x\n3,4,y\n", InputValueError, "an empty cell in column 'b' on line 2"),
    ("a,b,kind\n1 , ,x\n3,4,y\n", InputValueError, "an empty cell in column 'b' on line 2"),
    ("a,b,kind\n1,nan,x\n3,4,y\n", InputValueError, "got nan in column 'b' on line 2"),
    ("a,b,kind\n1,2,x\n3,-inf,y\n", InputValueError, "got -inf in column 'b' on line 3"),
    ("a,b,kind\n1,NA,x\n3,4,y\n", InputTypeError, "text 'NA' .* marks a missing value"),
    ('a,b,kind\n1,"2,5",x\n3,4,y\n', InputTypeError, "text '2,5' .* with a point"),
    ("a;b;kind\n1;2,5;x\n3;4;y\n", InputTypeError, "text '2,5' .* with a point"),
    ("a,b,kind\nu,v,x\nw,z,y\n", InputTypeError, "text 'u' in column 'a' .*not numeric: 'b'"),
    ("a,b,kind\n\n1,2,x\n\n3,red,y\n", InputTypeError, "text 'red' in column 'b' on line 5"),
    ("a,b,kind\n1,2,x\n,,\n", InputValueError, "an empty cell in column 'a' on line 3"),
    ("a,b,kind\n1,2,x\n3,4,\n", InputValueError, "empty cell in column 'kind' on line 3"),
    ("a,b,kind\n1,2,x\n3,4, \n", InputValueError, "empty cell in column 'kind' on line 3"),
    ("a,b,kin\n1,2,x\n", InputValueError, "got 'kind', which is not. Nearest names: 'kin'"),
    ("a,b,Kind\n1,2,x\n", InputValueError, "Nearest names: 'Kind'"),
    ("a,b,zzz\n1,2,x\n", InputValueError, "The file has 'a', 'b', 'zzz'"),
    ("a,b,kind\n1,2,x|\n", InputValueError, r"single '\|' signs"),
]


@pytest.mark.parametrize(("text", "error", "message"), BROKEN)
def test_a_broken_file_is_refused_with_the_place(write, text, error, message):
    with pytest.raises(error, match=message) as caught:
        read_table(write(text), target="kind")
    assert isinstance(caught.value, HeadwayError)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named_with_its_neighbours(write, tmp_path):
    write(GOOD, "songs.csv")
    with pytest.raises(DataNotFoundError, match=r"Nearest there: songs.csv"):
        read_table(tmp_path / "song.csv", target="kind")
    with pytest.raises(DataNotFoundError, match="must be a file, got the folder"):
        read_table(tmp_path, target="kind")


def test_label_columns_must_hold_zeros_and_ones(write):
    path = write("x,sad,calm\n1,0,1\n2,1,2\n")
    with pytest.raises(InputValueError, match=r"got '2' in column 'calm' on line 3"):
        read_table(path, target="sad,calm")
    with pytest.raises(InputValueError, match=r"got 'clam', which is not. Nearest names: 'calm'"):
        read_table(path, target="sad,clam")
    with pytest.raises(InputValueError, match="distinct columns, got 'sad', 'sad'"):
        read_table(path, target="sad,sad")
    with pytest.raises(InputValueError, match="got none"):
        read_table(path, target=[])
    with pytest.raises(InputValueError, match="must name the 2 target columns, got 1"):
        read_table(path.with_name(write("x,s,c\n1,0,1\n").name), target="s,c", classes=["s"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,k\n1,ham\n\n2,spma\n", r"got 'spma' \(first on line 4 .*Nearest: 'spam'"),
        ("a,k\n1,ham|spam\n2, spam | x \n", r"got 'x' \(first on line 3"),
        ("a,k\n1,0\n2,1\n", "got 0, 1"),
    ],
)
def test_labels_outside_the_declared_classes_are_named_with_their_line(write, text, message):
    with pytest.raises(InputValueError, match=message):
        read_table(write(text), target="k", classes=["ham", "spam"])


def test_a_wide_and_long_table_arrives_whole(write):
    X = np.random.default_rng(0).normal(size=(3000, 40))
    frame = polars.DataFrame(X, schema=[f"c{column}" for column in range(40)])
    frame = frame.with_columns(kind=polars.Series(["u", "v"] * 1500))
    path = write(frame.write_csv())
    data = read_table(path, target="kind")
    assert_array_equal(data.X, X)


def test_text_in_the_last_of_many_rows_is_found(write):
    text = "a,kind\n" + "1,x\n2,y\n" * 20_000 + "oops,x\n"
    with pytest.raises(InputTypeError, match="the text 'oops' in column 'a' on line 40002"):
        read_table(write(text), target="kind")


def test_mixed_types_of_the_adult_data_are_refused_clearly(data_folder):
    path = data_folder / "adult_train.csv"
    if not path.is_file():
        pytest.skip("adult_train.csv is not there")
    message = "the text 'State-gov' in column 'workclass' on line 2 .*Also not numeric: 'education'"
    with pytest.raises(InputTypeError, match=message):
        read_table(path, target="income")
    assert len(read_target(path, target="income")) == 32561
