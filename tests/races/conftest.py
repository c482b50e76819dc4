"""Races run on committed rows, and show in a control that they would be seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import Model

from fairroam.project.database import Cluster
from tests.races.together import without_guards, without_row_locks

ROUNDS_MAX = 25


@pytest.fixture
def seen_without(committed: None, cluster: Cluster) -> Callable[..., bool]:
    """Return `seen_without(guards, locks, go_wrong)`: whether harm is done once nothing guards.

    guards: names of constraints to drop; locks: tables whose rows are not locked. `go_wrong()`
    makes one try and says whether the harm was done; it gets some tries.
    """

    def look(
        guards: tuple[str, ...], locks: tuple[type[Model], ...], go_wrong: Callable[[], bool]
    ) -> bool:
        with without_guards(cluster, *guards), without_row_locks(*locks):
            return any(go_wrong() for _ in range(ROUNDS_MAX))

    return look
