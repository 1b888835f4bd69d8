import gzip
import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from headway.datasets import digits, mnist, mnist_files
from headway.errors import DataNotFoundError, FileFormatError

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def idx_bytes(values):
    header = bytes([0, 0, 8, values.ndim])
    return header + np.array(values.shape, ">u4").tobytes() + values.tobytes()


@pytest.fixture
def parts():
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (30, 4, 5), np.uint8),
        "y_train": (np.arange(30) % 10).astype(np.uint8),
        "x_test": rng.integers(0, 256, (10, 4, 5), np.uint8),
        "y_test": np.arange(10, dtype=np.uint8),
    }


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    """Keep the user's real cache, setting and network out of every test."""
    monkeypatch.setattr(mnist_files, "cache_file", lambda: tmp_path / "cache" / "mnist.npz")
    monkeypatch.delenv("HEADWAY_DATA", raising=False)

    def offline(*args, **kwargs):
        raise ConnectionError("name resolution failed")

    monkeypatch.setattr(mnist_files, "fetch_openml", offline)


@pytest.fixture
def canonical(monkeypatch, parts):
    """Make the small arrays count as the original."""
    sums = {part: hashlib.sha256(values.tobytes()).hexdigest() for part, values in parts.items()}
    monkeypatch.setattr(mnist_files, "SHA256", sums)
    return parts


def write_npz(folder, parts):
    np.savez(folder / "mnist.npz", **parts)
    return folder


def write_idx(folder, parts, *, packed=False, dotted=False):
    for part, name in IDX_NAMES.items():
        name = name.replace("-idx", ".idx") if dotted else name
        content = idx_bytes(parts[part])
        path = folder / (name + (".gz" if packed else ""))
        path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    return folder


def assert_is(data, parts):
    assert data.X.dtype == np.float32
    assert_array_equal(data.X, parts["x_train"].reshape(30, 20) / np.float32(255))
    assert_array_equal(data.X_test, parts["x_test"].reshape(10, 20) / np.float32(255))
    assert_array_equal(data.y, parts["y_train"])
    assert_array_equal(data.y_test, parts["y_test"])
    assert data.y.dtype == np.int64
    assert data.image_shape == (4, 5)


def test_digits_are_images_of_8_by_8_pixels_in_the_unit_interval():
    data = digits()
    assert data.X.shape == (1797, 64)
    assert data.X.dtype == np.float32
    assert (data.X.min(), data.X.max()) == (0, 1)
    assert data.classes == tuple(range(10))
    assert set(data.y.tolist()) == set(range(10))
    assert data.image_shape == (8, 8)
    assert data.feature_names[9] == "pixel_1_1"


def test_mnist_is_read_from_an_npz_file_or_its_folder(canonical, tmp_path):
    folder = write_npz(tmp_path, canonical)
    assert_is(mnist(folder=folder), canonical)
    assert_is(mnist(folder=folder / "mnist.npz"), canonical)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
def test_mnist_is_read_from_idx_files(canonical, tmp_path, packed, dotted):
    assert_is(mnist(folder=write_idx(tmp_path, canonical, packed=packed, dotted=dotted)), canonical)


def test_the_setting_names_the_folder(canonical, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWAY_DATA", str(write_npz(tmp_path, canonical)))
    data = mnist()
    assert_is(data, canonical)
    assert str(tmp_path) in data.source


@pytest.mark.parametrize("part", list(IDX_NAMES))
def test_one_changed_value_is_refused_unless_asked_for(canonical, tmp_path, part):
    changed = {name: values.copy() for name, values in canonical.items()}
    changed[part].flat[-1] ^= 1
    folder = write_npz(tmp_path, changed)
    with pytest.raises(FileFormatError, match=f"MNIST's {part} must be the original.*verify=False"):
        mnist(folder=folder)
    assert_is(mnist(folder=folder, verify=False), changed)


def test_mnist_is_fetched_from_openml_once_and_then_cached(canonical, monkeypatch):
    calls = []

    def fetch(name, *, version, as_frame, parser, data_home, n_retries):
        calls.append((name, version, as_frame, parser))
        images = np.concatenate([canonical["x_train"], canonical["x_test"]])
        labels = np.concatenate([canonical["y_train"], canonical["y_test"]])
        return SimpleNamespace(
            data=images.reshape(40, 20).astype(np.float64), target=labels.astype(str)
        )

    monkeypatch.setattr(mnist_files, "fetch_openml", fetch)
    monkeypatch.setattr(mnist_files, "N_TRAIN", 30)
    monkeypatch.setattr(mnist_files, "IMAGE_SHAPE", (4, 5))
    first = mnist()
    assert_is(first, canonical)
    assert first.source.endswith("OpenML, mnist_784")
    assert_is(mnist(), canonical)
    assert [call[:3] for call in calls] == [("mnist_784", 1, False)]
    assert [path.name for path in mnist_files.cache_file().parent.iterdir()] == ["mnist.npz"]


def test_what_openml_sends_is_verified_and_not_cached_if_wrong(parts, monkeypatch):
    def fetch(*args, **kwargs):
        return SimpleNamespace(data=np.zeros((40, 784)), target=np.array(["1"] * 40))

    monkeypatch.setattr(mnist_files, "fetch_openml", fetch)
    monkeypatch.setattr(mnist_files, "N_TRAIN", 30)
    with pytest.raises(FileFormatError, match="must be the original"):
        mnist(verify=False)
    assert not mnist_files.cache_file().exists()


def test_a_cache_that_cannot_be_written_does_not_stop_the_work(canonical, monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file in the place of the folder")
    mnist_files._write(canonical, mnist_files.cache_file())
    assert (tmp_path / "cache").is_file()


def test_without_file_and_network_one_error_names_the_ways():
    with pytest.raises(DataNotFoundError) as caught:
        mnist()
    message = str(caught.value)
    for way in ("HEADWAY_DATA", "`folder`", "mnist.npz", "train-images-idx3-ubyte", "OpenML"):
        assert way in message
    assert "name resolution failed" in message
    assert "\n" not in message


def test_the_network_is_not_asked_when_it_must_not_be():
    with pytest.raises(DataNotFoundError) as caught:
        mnist(download=False)
    assert "cannot be reached" not in str(caught.value)


def test_a_setting_without_mnist_is_mentioned(monkeypatch, tmp_path):
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=r"none in HEADWAY_DATA \("):
        mnist()


def test_an_explicit_folder_is_the_only_place_looked_at(canonical, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADWAY_DATA", str(write_npz(tmp_path, canonical)))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataNotFoundError, match=r"got: none in .*empty"):
        mnist(folder=empty)


def test_a_missing_idx_file_is_named(canonical, tmp_path):
    folder = write_idx(tmp_path, canonical)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataNotFoundError, match=r"got 3 in .*Add t10k-labels-idx1-ubyte"):
        mnist(folder=folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got an empty file"),
        (b"\x00\x00\x09\x03", r"must start as an idx file of bytes does .* got 00 00 09"),
        (b"<html>", "got 3c 68 74"),
        (idx_bytes(np.zeros((3, 4, 5), np.uint8))[:-1], r"must hold 60 values .* got 59 bytes"),
        (idx_bytes(np.zeros((3, 4, 5), np.uint8)) + b"x", r"must hold 60 values .* got 61 bytes"),
        (b"\x00\x00\x08\x03\x00\x00", "a header of 16 bytes, got 6"),
        (gzip.compress(idx_bytes(np.zeros((3, 4, 5), np.uint8)), mtime=0)[:-9], "whole gzip file"),
        (idx_bytes(np.zeros(3, np.uint8)), "unsigned bytes with 3 axes, got dtype uint8"),
    ],
)
def test_a_damaged_idx_file_is_refused(canonical, tmp_path, content, message):
    folder = write_idx(tmp_path, canonical)
    (folder / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        mnist(folder=folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"not a zip file at all"])
def test_a_damaged_npz_file_is_refused(tmp_path, content):
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"readable .npz file"):
        mnist(folder=tmp_path)


def test_an_npz_file_cut_short_is_refused(canonical, tmp_path):
    path = write_npz(tmp_path, canonical) / "mnist.npz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FileFormatError, match=r"readable .npz file"):
        mnist(folder=tmp_path)


def test_an_npz_file_with_other_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros(3), X=np.zeros(3))
    with pytest.raises(FileFormatError, match=r"got x_train, X. Missing: y_train, x_test, y_test"):
        mnist(folder=tmp_path)


def test_a_lone_array_in_the_place_of_an_archive_is_refused(tmp_path):
    with (tmp_path / "mnist.npz").open("wb") as sink:
        np.save(sink, np.zeros(3))
    with pytest.raises(FileFormatError, match=r"must hold the arrays .* got none"):
        mnist(folder=tmp_path)


def test_one_damaged_byte_in_an_npz_file_is_noticed(canonical, tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **canonical)
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(FileFormatError, match=r"readable .npz file"):
        mnist(folder=tmp_path)


def test_unequal_numbers_of_images_and_labels_are_refused(parts, tmp_path):
    parts["y_train"] = parts["y_train"][:-1]
    with pytest.raises(FileFormatError, match="got 30 train images, 29 labels"):
        mnist(folder=write_npz(tmp_path, parts), verify=False)


def test_labels_above_nine_are_refused(parts, tmp_path):
    parts["y_test"] = parts["y_test"] + np.uint8(1)
    with pytest.raises(FileFormatError, match="labels up to 10"):
        mnist(folder=write_npz(tmp_path, parts), verify=False)


def test_the_cache_lies_in_the_users_cache_folder(monkeypatch):
    monkeypatch.undo()
    path = mnist_files.cache_file()
    assert path.name == "mnist.npz"
    assert path.parent.name == "headway"


def test_the_real_mnist_has_the_published_content(data_folder):
    if not (data_folder / "mnist.npz").is_file():
        pytest.skip("mnist.npz is not there")
    data = mnist(folder=data_folder)
    assert data.X.shape == (60000, 784)
    assert data.X_test.shape == (10000, 784)
    assert data.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert abs(data.X.mean() - 0.1307) < 1e-4
    assert data.image_shape == (28, 28)
