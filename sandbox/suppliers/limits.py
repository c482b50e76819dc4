"""How often one may call: a sliding window for each name."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict, deque


class TooMany(Exception):
    """Ask again in `seconds` (whole, 1 or more)."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Limits:
    """Counts calls of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def take(self, name: str, *, calls_max: int, seconds: float) -> None:
        """Count one call of `name`. Raises TooMany, and then does not count it."""
        now = time.monotonic()
        with self._lock:
            calls = self._calls[name]
            while calls and calls[0] <= now - seconds:
                calls.popleft()
            if len(calls) >= calls_max:
                raise TooMany(max(math.ceil(calls[0] + seconds - now), 1))
            calls.append(now)
