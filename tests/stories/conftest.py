"""What every story has: the whole service, and people who meet in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fairroam.clock import now
from tests.stack import Stack
from tests.stories.traveller import Traveller, a_colleague


@pytest.fixture
def traveller(stack: Stack) -> Callable[..., Traveller]:
    """Return `traveller(residence=..., card=...)`: somebody new."""

    def arrive(**facts: Any) -> Traveller:
        return Traveller(stack, **facts)

    return arrive


@pytest.fixture
def colleague(stack: Stack) -> int:
    """The user id of a person at the desk."""
    return a_colleague(joined_at=now())
