"""One altered byte is seen; order and space are not; keys are rotated and revoked."""

import base64
import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws

from fairroam.proof import (
    Difference,
    KeySet,
    PublishedKey,
    Truth,
    Unreadable,
    canonical,
    make_key,
    read,
    sign,
    verify,
)
from tests.proof.given import MADE_AT, values

KEY = make_key()
KEYS = KeySet([PublishedKey(KEY, made_at=MADE_AT)])
CERTIFICATE = {
    "kind": "certificate",
    "issued_at": "2026-03-02T10:00:00Z",
    "final": True,
    "pending": None,
    "paid": {"minor": 2148, "currency": "EUR"},
    "stopped": [{"what": "eSIM", "at": "2026-03-02T09:58:11Z"}, {"what": "账户"}],
}
WRITTEN = json.dumps(sign(CERTIFICATE, KEY), ensure_ascii=False, indent=1).encode()


def test_what_was_signed_is_true_and_handed_back(certificate, key, keys):
    verdict = verify(sign(certificate, key), keys)

    assert verdict
    assert verdict.truth is Truth.TRUE
    assert verdict.statement == certificate
    assert verdict.key.kid == key.thumbprint()
    assert verdict.differences == ()


def test_signing_twice_gives_the_same_bytes(certificate, key):
    turned = dict(reversed(certificate.items()))

    assert canonical(sign(certificate, key)) == canonical(sign(turned, key))


@settings(max_examples=400)
@given(position=st.integers(0, len(WRITTEN) - 1), byte=st.integers(0, 255))
def test_one_altered_byte_is_never_true(position, byte):
    altered = WRITTEN[:position] + bytes([byte]) + WRITTEN[position + 1 :]
    try:
        document = read(altered)
        says_the_same = canonical(document) == canonical(read(WRITTEN))
        is_true = bool(verify(document, KEYS))
    except Unreadable:
        is_true = says_the_same = False

    assert is_true == says_the_same  # only white space may be exchanged for white space


@given(position=st.integers(0, 400), cut=st.integers(0, 3), put=st.text(max_size=3))
def test_no_other_signature_stands_for_the_same_statement(position, cut, put):
    document = sign(CERTIFICATE, KEY)
    signature = document["signature"]
    other = signature[:position] + put + signature[position + cut :]

    assert bool(verify(document | {"signature": other}, KEYS)) == (other == signature)


@given(words=values, seed=st.randoms(use_true_random=False))
def test_order_and_white_space_of_the_readable_copy_do_not_matter(words, seed: random.Random):
    document = sign({"issued_at": "2026-01-01T00:00:00+08:00", "words": words}, KEY)
    entries = list(document["statement"].items())
    seed.shuffle(entries)
    shuffled = {"signature": document["signature"], "statement": dict(entries)}

    assert verify(read(json.dumps(shuffled, indent=seed.randint(0, 7))), KEYS)


@pytest.mark.parametrize(
    ("change", "path", "signed", "written"),
    [
        ({"final": 1}, "final", "true", "1"),
        ({"final": False}, "final", "true", "false"),
        ({"paid": {"minor": 9148, "currency": "EUR"}}, "paid.minor", "2148", "9148"),
        ({"note": None}, "note", "", "null"),
        ({"stopped": []}, "stopped[0]", '{"at":"2026-03-02T09:58:11Z","what":"eSIM"}', ""),
        ({"kind": "receipt"}, "kind", '"certificate"', '"receipt"'),
    ],
)
def test_a_changed_place_is_named_with_both_readings(change, path, signed, written):
    document = sign(CERTIFICATE, KEY)

    verdict = verify(document | {"statement": CERTIFICATE | change}, KEYS)

    assert verdict.truth is Truth.CHANGED
    assert verdict.statement == CERTIFICATE
    assert Difference(path, signed, written) in verdict.differences


def test_words_beside_the_signed_ones_are_a_change():
    verdict = verify(sign(CERTIFICATE, KEY) | {"note": "paid in full"}, KEYS)

    assert verdict.truth is Truth.CHANGED
    assert verdict.differences == (Difference("note", "", '"paid in full"'),)


def test_after_a_rotation_old_and_new_papers_are_true():
    new = make_key()
    published = KeySet([PublishedKey(KEY, MADE_AT), PublishedKey(new, MADE_AT)])

    assert verify(sign(CERTIFICATE, KEY), published)
    assert verify(sign(CERTIFICATE, new), published)


@pytest.mark.parametrize(
    ("issued_at", "truth"),
    [
        ("2026-03-01T11:59:59Z", Truth.TRUE),
        ("2026-03-01T12:59:59+01:00", Truth.TRUE),
        ("2026-03-01T12:00:00Z", Truth.REVOKED_KEY),
        ("2026-03-01T11:59:59-01:00", Truth.REVOKED_KEY),
    ],
)
def test_a_stolen_key_is_believed_only_before_the_theft(issued_at, truth):
    revoked_from = datetime(2026, 3, 1, 12, tzinfo=UTC)
    published = KeySet([PublishedKey(KEY, MADE_AT, revoked_from)])

    verdict = verify(sign(CERTIFICATE | {"issued_at": issued_at}, KEY), published)

    assert verdict.truth is truth
    assert verdict.statement["issued_at"] == issued_at


def signed_raw(payload: bytes, **header: str) -> dict:
    headers = {"alg": "Ed25519", "kid": KEY.thumbprint()} | header
    signature = jws.serialize_compact(headers, payload, KEY, algorithms=["Ed25519"])
    return {"statement": {}, "signature": signature}


def test_a_revoked_key_is_not_believed_without_a_date():
    published = KeySet([PublishedKey(KEY, MADE_AT, MADE_AT)])

    assert verify(signed_raw(b"{}"), published).truth is Truth.REVOKED_KEY


def test_a_key_nobody_published_is_unknown():
    verdict = verify(sign(CERTIFICATE, make_key()), KEYS)

    assert verdict.truth is Truth.UNKNOWN_KEY
    assert verdict.statement is None


def test_a_signature_without_algorithm_is_refused():
    header = {"alg": "none", "kid": KEY.thumbprint()}
    parts = [base64.urlsafe_b64encode(canonical(part)).rstrip(b"=") for part in (header, {})]
    document = {"statement": {}, "signature": b".".join([*parts, b""]).decode()}

    assert verify(document, KEYS).truth is Truth.CHANGED


@pytest.mark.parametrize("payload", [b"[]", b"not JSON", b'{"a":1,"a":1}'])
def test_a_signature_over_something_else_is_unreadable(payload):
    with pytest.raises(Unreadable):
        verify(signed_raw(payload), KEYS)


@pytest.mark.parametrize("document", [None, [], {}, {"statement": {}}, {"signature": "a.b.c"}])
def test_what_is_no_document_is_unreadable(document):
    with pytest.raises(Unreadable):
        verify(document, KEYS)


@pytest.mark.parametrize("issued_at", [None, 5, "yesterday", "2026-03-02T10:00:00"])
def test_nothing_is_signed_without_an_instant(issued_at):
    with pytest.raises(ValueError, match="when it was issued"):
        sign(CERTIFICATE | {"issued_at": issued_at}, KEY)


@pytest.mark.parametrize("value", [0.5, object()])
def test_what_json_cannot_hold_exactly_is_not_signed(value):
    with pytest.raises(Unreadable):
        sign(CERTIFICATE | {"share": value}, KEY)


def test_a_statement_larger_than_readers_accept_is_not_signed():
    with pytest.raises(ValueError, match="larger than readers accept"):
        sign(CERTIFICATE | {"words": "x" * 90_000}, KEY)


def test_the_largest_statement_can_still_be_checked():
    room = 90_000 - len(canonical(CERTIFICATE | {"words": ""}))

    assert verify(sign(CERTIFICATE | {"words": "x" * room}, KEY), KEYS)


def test_a_signature_has_the_bytes_that_a_jose_library_writes():
    headers = {"alg": "Ed25519", "kid": KEY.thumbprint()}
    written = jws.serialize_compact(headers, canonical(CERTIFICATE), KEY, algorithms=["Ed25519"])

    assert sign(CERTIFICATE, KEY)["signature"] == written
