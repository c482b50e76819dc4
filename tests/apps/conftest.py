"""Who stands at the desk in tests of what people decide."""

from __future__ import annotations

import pytest

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import User
from tests.apps.refunds_given import STAFF
from tests.given import NOON


@pytest.fixture
def desk(catalogue: None) -> int:
    """The login `STAFF`: an operator, who decides alone in all but the largest cases."""
    User.objects.create(pk=STAFF, email="desk@fairroam.example")
    customers.hire(email="desk@fairroam.example", role="operator", now=NOON)
    return STAFF
