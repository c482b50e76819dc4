"""Files of strangers: told apart by their content, and made again in a small locked room.

The reading and writing of pictures and PDFs happens in a child process (`child.py`) that has a
limit of memory, of time and of everything else, and no connection of ours.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from dataclasses import dataclass

SIZE_MAX = 10_000_000  # bytes of a file as it comes
CHILD_SECONDS_MAX = 20
# A child may take three quarters of a gigabyte: two at a time leave the machine alive.
ROOMS = threading.BoundedSemaphore(2)
ROOM_SECONDS_MAX = 30


class FileRefused(Exception):
    """This file cannot be kept; each kind of reason is a class of its own."""


class FileTooLarge(FileRefused):
    """It has more than SIZE_MAX bytes."""


class FileTooComplex(FileRefused):
    """Opening it would take more memory, time, pixels or pages than a file of evidence needs."""


class FileUnknown(FileRefused):
    """Its content is no JPEG, PNG, WebP, PDF or plain text, or it cannot be read."""


@dataclass(frozen=True, slots=True)
class CleanFile:
    """A file made again from what can be seen in it. Hashes are SHA-256 in hexadecimal."""

    content: bytes
    media_type: str  # image/jpeg image/png image/webp application/pdf text/plain
    came_size: int
    came_sha256: str

    @property
    def kept_sha256(self) -> str:
        """The hash of the content that is kept."""
        return hashlib.sha256(self.content).hexdigest()


def clean(content: bytes, *, is_logo: bool = False) -> CleanFile:
    """Make a file again without scripts, actions, embedded files and metadata.

    is_logo: a picture or a drawing (SVG), as a PNG small enough for the head of every page.
    Raises FileTooLarge, FileTooComplex, FileUnknown. Takes up to CHILD_SECONDS_MAX: call it
    outside of transactions.
    """
    if len(content) > SIZE_MAX:
        raise FileTooLarge
    if not ROOMS.acquire(timeout=ROOM_SECONDS_MAX):
        raise FileTooComplex
    try:
        answer = subprocess.run(  # noqa: S603 - our own program, and no word of theirs
            [sys.executable, "-I", "-m", "fairroam.gateways.files.child", *["logo"] * is_logo],
            input=content,
            capture_output=True,
            timeout=CHILD_SECONDS_MAX,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise FileTooComplex from None
    finally:
        ROOMS.release()
    head, _, made = answer.stdout.partition(b"\n")
    if answer.returncode == 0:
        return CleanFile(
            content=made,
            media_type=json.loads(head)["media_type"],
            came_size=len(content),
            came_sha256=hashlib.sha256(content).hexdigest(),
        )
    # Whatever else ended it (memory, processor time, a fault in a library) was too much for it.
    raise FileUnknown if head == b"unknown" else FileTooComplex
