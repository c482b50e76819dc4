"""What stand-ins take for the present: the real time, or that of a demo whose clock was moved.

Signatures, pauses and the effect log go by the real time all the same.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


def now() -> datetime:
    """The present, later by the seconds in the file that SANDBOX_CLOCK names, if it exists."""
    try:
        moved_seconds = int(Path(os.environ.get("SANDBOX_CLOCK", "")).read_text())
    except (FileNotFoundError, IsADirectoryError):
        moved_seconds = 0
    return datetime.now(UTC) + timedelta(seconds=moved_seconds)
