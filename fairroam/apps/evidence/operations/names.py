"""What a stranger's file is called when it is shown or saved."""

from __future__ import annotations

import re
import unicodedata

ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}
LENGTH_MAX = 100
# Names that some systems take for devices, whatever their ending (Microsoft, "Naming Files,
# Paths, and Namespaces").
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


def safe_name(name: str, media_type: str) -> str:
    """A name without folders, control and direction marks, ending as its content does."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    stem = re.sub(r"[\"*:<>?|;]", "_", kept).rpartition(".")[0] or kept
    stem = " ".join(stem.split()).strip(". ")
    ending = ENDINGS[media_type]
    if not stem or DEVICES.match(stem):
        stem = f"file {stem}".strip()
    return stem[: LENGTH_MAX - len(ending)] + ending
