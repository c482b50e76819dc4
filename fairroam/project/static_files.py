"""Static files, sent small: whoever is abroad pays for each kilobyte."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from whitenoise.compress import Compressor
from whitenoise.middleware import WhiteNoiseMiddleware

FILES: dict[str, Any] = {}  # what is served at which path, the same for all of this process


class PackedFiles(WhiteNoiseMiddleware):
    """WhiteNoise, with a packed twin beside every file that it makes smaller.

    The twins stand in FAIRROAM_FOLDER/static, since what was installed is not ours to change.
    They are made at the first start of a version.
    """

    def add_files_from_finders(self) -> None:
        if not FILES:
            super().add_files_from_finders()  # type: ignore[no-untyped-call]
            FILES.update(self.files)
        self.files = FILES

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: object = None) -> None:
        super().add_file_to_dictionary(url, packed(Path(path)))  # type: ignore[no-untyped-call]


def packed(path: Path) -> str:
    """Where a copy of the file stands, with its twin if that is smaller."""
    folder = Path(settings.FAIRROAM_FOLDER) / "static"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = folder / f"{digest[:16]}-{path.name}"
    if not known.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as making:
            copy = shutil.copy2(path, Path(making) / known.name)
            # The twin comes first: where the copy is, another process finds both whole.
            twins = Compressor(quiet=True).compress(str(copy))  # type: ignore[no-untyped-call]
            for made in [*twins, str(copy)]:
                os.replace(made, folder / Path(made).name)
    return str(known)
