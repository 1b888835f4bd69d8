"""The file a model is saved in: arrays and JSON in one safetensors file, never pickle."""

from headway.artifact.file import FORMAT_VERSION, read_artifact, write_artifact
from headway.artifact.values import from_json, to_json

__all__ = ["FORMAT_VERSION", "from_json", "read_artifact", "to_json", "write_artifact"]
