"""The command line: one file a verb, and nothing imported before it is needed.

`headway --help` must answer at once, so this room imports numpy, scikit-learn,
torch and rich inside the verbs only.  Data go to stdout, progress and notes to
stderr; the exit code is 0 (done), 1 (failed), 2 (wrong usage) or 130 (Ctrl-C).
"""

from headway.cli.app import main

__all__ = ["main"]
