"""Pages read the clock themselves: where rights are young in a story, the day is young as well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from tests.given import NOON

SOME_WEEKS = timedelta(weeks=3)


@pytest.fixture
def soon_after() -> Iterator[None]:
    """Some weeks after the cast has bought, whenever the test is run: rights end with time."""
    with time_machine.travel(NOON + SOME_WEEKS):
        yield
