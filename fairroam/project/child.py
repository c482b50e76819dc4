"""Children that do not outlive their parent, and secrets that outlive both."""

from __future__ import annotations

import ctypes
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from signal import Signals
from tempfile import NamedTemporaryFile

PR_SET_PDEATHSIG = 1  # linux/prctl.h
C_LIBRARY = ctypes.CDLL(None, use_errno=True)


def dies_with_parent(death_signal: Signals) -> Callable[[], None]:
    """Return a `preexec_fn`: the kernel sends the child `death_signal` when its parent ends.

    It reaches the child also after a kill -9 of the parent. Linux ties the child to the *thread*
    that started it, so start children from a thread that lives as long as they should.
    """
    parent = os.getpid()

    def ask_the_kernel() -> None:
        is_tied = C_LIBRARY.prctl(PR_SET_PDEATHSIG, int(death_signal)) == 0
        # A parent that ended before the call will never send the signal.
        if not is_tied or os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


def kept_secret(path: Path) -> str:
    """Return the secret kept in `path`; whoever comes first makes it (256 random bits, 0600)."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as fresh:  # made with mode 0600
            fresh.write(secrets.token_urlsafe(32))
            fresh.flush()
            with suppress(FileExistsError):
                os.link(fresh.name, path)  # all or nothing, and never over another's secret
    return path.read_text()
