"""Datasets: real digits, tables from files, and made-up data whose truth is known."""

from headway.datasets.dataset import Dataset
from headway.datasets.images import digits, mnist
from headway.datasets.loading import DATASET_NAMES, load
from headway.datasets.moods import emotions
from headway.datasets.rare_labels import rare_labels
from headway.datasets.synthetic import blobs, label_sets, moons
from headway.datasets.tables import read_features, read_table, read_target

__all__ = [
    "DATASET_NAMES",
    "Dataset",
    "blobs",
    "digits",
    "emotions",
    "label_sets",
    "load",
    "mnist",
    "moons",
    "rare_labels",
    "read_features",
    "read_table",
    "read_target",
]
