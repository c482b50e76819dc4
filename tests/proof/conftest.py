from typing import Any

import pytest
from joserfc.jwk import OKPKey

from fairroam.proof import KeySet, PublishedKey, make_key
from tests.proof.given import MADE_AT


@pytest.fixture(scope="session")
def key() -> OKPKey:
    return make_key()


@pytest.fixture(scope="session")
def keys(key: OKPKey) -> KeySet:
    return KeySet([PublishedKey(key, made_at=MADE_AT)])


@pytest.fixture
def certificate() -> dict[str, Any]:
    """What a closed account's paper says, in small."""
    return {
        "kind": "certificate",
        "number": "C-7K2M-9QXD",
        "issued_at": "2026-03-02T10:00:00Z",
        "stopped": [{"what": "eSIM", "ending": "0417", "at": "2026-03-02T09:58:11Z"}],
        "paid": {"minor": 2148, "currency": "EUR", "exponent": 2},
        "final": True,
        "pending": None,
        "words": "账户已注销 — “done”",
    }
