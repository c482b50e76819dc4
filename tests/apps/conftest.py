"""Who stands at the desk in tests of what people decide, and two customers with a wallet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer, User
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.refunds_given import STAFF
from tests.given import NOON


@pytest.fixture
def desk(catalogue: None) -> int:
    """The login `STAFF`: an operator, who decides alone in all but the largest cases."""
    User.objects.create(pk=STAFF, email="desk@fairroam.example")
    customers.hire(email="desk@fairroam.example", role="operator", now=NOON)
    return STAFF


@pytest.fixture
def sound_wallet(catalogue: None) -> Iterator[None]:
    """Wallets are open in euros, and nothing contradicts the books at the end."""
    wallets.terms()
    yield
    assert list(find_faults()) == []


@pytest.fixture
def ada(catalogue: None) -> Customer:
    return given.a_customer()


@pytest.fixture
def bob(catalogue: None) -> Customer:
    return given.a_customer("bob@example.com")
