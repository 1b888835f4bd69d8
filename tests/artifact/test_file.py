"""The file format: whole or refused, never half, never code."""

import json
import os
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file, save_file

from headway.artifact import FORMAT_VERSION, read_artifact, write_artifact
from headway.errors import DataNotFoundError, FileFormatError, InputValueError

ARRAYS = {
    "coef": np.arange(6.0).reshape(2, 3),
    "bias": np.array([1, 2], dtype=np.float32),
    "counts": np.array(3),
    "empty": np.empty((0, 4)),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.headway"
    write_artifact(path, ARRAYS, {"class": "Größe", "C": 1.5})
    return path


def test_what_is_written_is_read(path):
    arrays, description = read_artifact(path)
    assert description == {"class": "Größe", "C": 1.5}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert_array_equal(arrays[name], array)
        assert arrays[name].flags.writeable


def test_memory_order_is_not_mistaken_for_values(tmp_path):
    array = np.arange(12.0).reshape(3, 4)
    for odd in (np.asfortranarray(array), array.T, array[:, ::2], array[::-1]):
        write_artifact(tmp_path / "m", {"a": odd}, {})
        assert_array_equal(read_artifact(tmp_path / "m")[0]["a"], odd)


def test_any_safetensors_reader_can_list_the_arrays(path):
    assert_array_equal(load_file(path)["coef"], ARRAYS["coef"])


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 100, -1])
def test_a_file_that_was_cut_short_is_refused(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[:kept])
    with pytest.raises(FileFormatError, match=r"whole file.*cut short or is of another kind"):
        read_artifact(path)


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", pickle.dumps({"a": 1}), b"\x89PNG\r\n\x1a\n" + bytes(100)]
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"whole file written by `model.save`"):
        read_artifact(tmp_path / "other")


def test_tensors_of_somebody_else_are_refused(tmp_path):
    save_file({"w": np.ones(3)}, tmp_path / "w.safetensors")
    with pytest.raises(FileFormatError, match="safetensors file of another kind"):
        read_artifact(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (str(FORMAT_VERSION + 1), f"version {FORMAT_VERSION} or older, got version 2.*Upgrade"),
        ("0", "must name its format version, got '0'"),
        ("new", "must name its format version, got 'new'"),
    ],
)
def test_a_version_that_is_not_known_is_refused(tmp_path, version, message):
    metadata = {"format": "headway", "version": version, "model": json.dumps({})}
    save_file({"w": np.ones(3)}, tmp_path / "m", metadata=metadata)
    with pytest.raises(FileFormatError, match=message):
        read_artifact(tmp_path / "m")


@pytest.mark.parametrize("metadata", [{}, {"model": "{broken"}])
def test_a_description_that_is_missing_or_broken_is_refused(tmp_path, metadata):
    metadata = {"format": "headway", "version": "1", **metadata}
    save_file({"w": np.ones(3)}, tmp_path / "m", metadata=metadata)
    with pytest.raises(FileFormatError, match="cannot be read as one"):
        read_artifact(tmp_path / "m")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataNotFoundError, match="where there is nothing"):
        read_artifact(tmp_path / "none")
    with pytest.raises(DataNotFoundError, match="where there is a directory"):
        read_artifact(tmp_path)


def test_a_place_that_cannot_hold_a_file_is_refused(tmp_path):
    with pytest.raises(InputValueError, match="directory that does not exist"):
        write_artifact(tmp_path / "no" / "m", ARRAYS, {})
    with pytest.raises(InputValueError, match="is a directory"):
        write_artifact(tmp_path, ARRAYS, {})


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    before = path.read_bytes()

    def full_disk(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_artifact(path, {"coef": np.zeros(1)}, {})
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_description_that_is_not_json_never_reaches_the_disk(path):
    before = path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        write_artifact(path, {}, {"C": float("inf")})
    assert path.read_bytes() == before
