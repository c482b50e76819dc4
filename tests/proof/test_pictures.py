"""A PDF whose every byte is under a signature."""

import json
from functools import cache

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st

from fairroam.proof import (
    KeySet,
    PublishedKey,
    Truth,
    Unreadable,
    attached_document,
    make_key,
    seal,
    sign,
    verify_picture,
)
from tests.proof.given import MADE_AT

KEY = make_key()
KEYS = KeySet([PublishedKey(KEY, made_at=MADE_AT)])
PAGE = b"""#set document(date: datetime(year: 2026, month: 3, day: 2))
#pdf.attach("fairroam.json", bytes(sys.inputs.document), mime-type: "application/json")
#sys.inputs.words"""


def statement(**entries):
    return {"kind": "receipt", "issued_at": "2026-03-02T10:00:00Z", "total": 2148} | entries


def drawn(document: dict) -> bytes:
    inputs = {"document": json.dumps(document), "words": "You get 21.48 back."}
    return typst.Compiler(PAGE, ignore_system_fonts=True).compile(format="pdf", sys_inputs=inputs)


@cache
def sealed() -> bytes:
    document = sign(statement(words="fair" * 500), KEY)
    return seal(drawn(document), document, KEY)


@pytest.mark.parametrize("words", ["", "退款" * 2000])
def test_a_sealed_picture_is_true_and_carries_its_document(words):
    document = sign(statement(words=words), KEY)

    picture = seal(drawn(document), document, KEY)

    assert verify_picture(picture, KEYS)
    assert verify_picture(picture, KEYS).statement == document["statement"]
    assert attached_document(picture) == document


def test_readers_still_find_the_end_of_the_file():
    # They look for the mark within the last 1024 bytes (ISO 32000, implementation note 18).
    assert b"%%EOF" in sealed()[-1024:]


@given(share=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_one_altered_byte_is_never_true(share, byte):
    position = int(share * len(sealed()))
    altered = sealed()[:position] + bytes([byte]) + sealed()[position + 1 :]

    try:
        is_true = bool(verify_picture(altered, KEYS))
    except Unreadable:
        is_true = False

    assert is_true == (altered == sealed())


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture + b"\n",
        lambda picture: picture + b"\n1 0 obj\n<</Type/Annot>>\nendobj\n%%EOF",
        lambda picture: picture.replace(b"%%EOF", b"%%EOF\n1 0 obj\n<<>>\nendobj\n%%EOF"),
        lambda picture: picture[: picture.rindex(b"%fairroam-seal")],
        lambda picture: b"%PDF-1.7 another page" + picture,
        lambda picture: picture[:-40],
    ],
)
def test_an_appended_revision_or_a_lost_seal_is_a_change_and_the_signed_words_are_shown(change):
    verdict = verify_picture(change(sealed()), KEYS)

    assert verdict.truth is Truth.CHANGED
    assert verdict.statement["total"] == 2148


def test_the_seal_of_one_picture_does_not_fit_another():
    document = sign(statement(), KEY)
    other_seal = sealed()[sealed().rindex(b"%fairroam-seal") :]

    assert verify_picture(drawn(document) + other_seal, KEYS).truth is Truth.CHANGED


def test_a_picture_around_a_changed_document_is_a_change():
    document = sign(statement(), KEY)
    document["statement"]["total"] = 9148

    verdict = verify_picture(seal(drawn(document), document, KEY), KEYS)

    assert verdict.truth is Truth.CHANGED
    assert verdict.differences[0].path == "total"


def test_a_seal_by_a_stranger_is_unknown():
    document = sign(statement(), KEY)

    verdict = verify_picture(seal(drawn(document), document, make_key()), KEYS)

    assert verdict.truth is Truth.UNKNOWN_KEY


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"%PDF-1.7\n%%EOF",
        b"<</Length 4/Type/EmbeddedFile/Filter/FlateDecode>>\nstream\nnone",
        b"<</Length 4/Type/EmbeddedFile>>\nstream\nnone",
    ],
)
def test_a_file_without_a_document_of_ours_is_unreadable(picture):
    with pytest.raises(Unreadable):
        verify_picture(picture, KEYS)
