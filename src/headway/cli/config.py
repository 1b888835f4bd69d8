"""`headway config`: what headway runs on, for a report of a fault or of slowness."""

from typing import Any

from headway.cli.console import print_json, print_pairs
from headway.cli.options import Json

NAME = "config"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway config
  headway config --json
"""


def run(json: Json = False) -> None:
    """Say what headway runs on.

    Its compiled core and threads, the libraries behind its matrix products,
    versions and processor.
    """
    from headway.kernels import show_config

    config = show_config()
    if json:
        print_json(config.to_dict())
    else:
        print_pairs(config.rows())
