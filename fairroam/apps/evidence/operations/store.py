"""The folder of files, outside the web root: random names, whole files or none."""

from __future__ import annotations

import errno
import os
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import UUID

from fairroam.apps.evidence.models import Evidence, folder, path_of
from fairroam.apps.evidence.refusals import StoreFull

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# A file this old without a row belongs to a transaction that never came to its end.
ORPHAN_AFTER = timedelta(hours=1)


def write(key: UUID, content: bytes) -> None:
    """Put a file on the disk, whole. Raises StoreFull and leaves nothing behind."""
    path = path_of(key)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".") as fresh:  # made with mode 0600
            fresh.write(content)
            fresh.flush()
            os.fsync(fresh.fileno())
            os.link(fresh.name, path)
        flush(path.parent)
    except OSError as error:
        if error.errno in FULL:
            raise StoreFull from error
        raise


def flush(folder_path: Path) -> None:
    """Let the new name survive a crash of the machine."""
    handle = os.open(folder_path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(*, now: datetime) -> int:
    """Remove files that no row knows and no transaction is about to know; how many."""
    old = [
        path
        for path in folder().glob("??/*")
        if datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo) < now - ORPHAN_AFTER
    ]
    names = [path.name for path in old]
    known = {
        key.hex
        for key in Evidence.objects.filter(
            key__in=[name for name in names if len(name) == 32], is_erased=False
        ).values_list("key", flat=True)
    }
    orphans = [path for path in old if path.name not in known]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)
