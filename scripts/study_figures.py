"""Runs the five studies of docs/studies.md in full and draws their pictures.

    python scripts/study_figures.py [NAME ...]

Prints what `headway study NAME` prints; takes a few minutes on one core.
"""

import sys
from pathlib import Path

from headway.comparison import STUDIES, run_study, study_text
from headway.report import study_picture, write_picture

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"


def main(names) -> None:
    """Run the studies of these names, or all."""
    for name in names or STUDIES:
        result = run_study(name)
        sys.stdout.write(study_text(result))
        path = write_picture(study_picture(result), IMAGES / f"study-{name}.svg")
        sys.stdout.write(f"{path} ({result.seconds:.1f} s)\n\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
