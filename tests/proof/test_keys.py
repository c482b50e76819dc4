"""Names, dates and publication of keys."""

from datetime import UTC, datetime

import pytest
from joserfc.jwk import ECKey, OKPKey

from fairroam.proof import KeySet, PublishedKey, Unreadable, make_key
from tests.proof.given import MADE_AT


def test_the_key_id_is_the_thumbprint_of_rfc_8037_appendix_a_3():
    key = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    )

    kid = PublishedKey(key, made_at=MADE_AT).kid

    assert kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_key_set_survives_publication_without_its_private_halves():
    revoked_from = datetime(2026, 5, 1, 12, tzinfo=UTC)
    live, stolen = make_key(), make_key()
    published = [PublishedKey(live, MADE_AT), PublishedKey(stolen, MADE_AT, revoked_from)]

    jwks = KeySet(published).as_jwks()
    again = KeySet.from_jwks(jwks)

    assert all("d" not in jwk for jwk in jwks["keys"])
    assert again.as_jwks() == jwks
    assert again.find(stolen.thumbprint()).revoked_from == revoked_from
    assert again.find(live.thumbprint()).revoked_from is None
    assert again.find("nobody") is None
    assert again.find(["no", "name"]) is None


def with_changes(**changes):
    jwk = PublishedKey(make_key(), MADE_AT).as_jwk() | changes
    return {"keys": [{name: value for name, value in jwk.items() if value is not None}]}


@pytest.mark.parametrize(
    "jwks",
    [
        with_changes(kid="borrowed-name"),
        with_changes(kid=None),
        with_changes(x="AAAA"),
        with_changes(x=7),
        with_changes(iat=None),
        with_changes(iat="yesterday"),
        with_changes(iat=10**30),
        with_changes(revoked={}),
        with_changes(revoked="yes"),
        with_changes(kty="EC"),
        {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]},
        {"keys": [OKPKey.generate_key("Ed448").as_dict(private=False) | {"iat": 0}]},
        {"keys": ["text"]},
        {"keys": {}},
        {},
        [],
        None,
    ],
)
def test_a_key_set_with_one_bad_key_is_refused(jwks):
    with pytest.raises(Unreadable):
        KeySet.from_jwks(jwks)
