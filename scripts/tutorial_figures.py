"""Draw the figures of docs/tutorial.md again: run its Python and keep the pictures it writes.

    python scripts/tutorial_figures.py

So a figure cannot show anything but what the page says.
"""

import doctest
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE, IMAGES = ROOT / "docs" / "tutorial.md", ROOT / "docs" / "images"
BLOCK = re.compile(r"^```python\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def main() -> int:
    """Return 0, or 1 if the page prints something else than it says."""
    text = "".join(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    test = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        failed = doctest.DocTestRunner(optionflags=FLAGS).run(test).failed
        if not failed:
            for picture in sorted(Path(folder).glob("tutorial-*.svg")):
                place = shutil.copyfile(picture, IMAGES / picture.name)
                sys.stdout.write(f"{place.relative_to(ROOT)}\n")
        os.chdir(ROOT)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
