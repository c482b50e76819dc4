"""Sealed PDFs: the picture of a signed document, every byte of it under a signature.

The document travels inside as an attachment that any reader shows. Behind the PDF's end stands one
comment line, `%fairroam-seal` and a signature (compact JWS) over the SHA-256 of all bytes before
it: who repaints a page, adds a note or appends a revision breaks the seal.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import replace
from typing import Any

from joserfc.jwk import OKPKey

from fairroam.proof.canonical import Json, Unreadable, read
from fairroam.proof.keys import KeySet
from fairroam.proof.statements import Truth, Verdict, sign, verify, verify_signature

LARGEST_DOCUMENT_BYTES = 1_000_000  # a small stream may unfold to gigabytes

_SEAL = b"%fairroam-seal "
# As typst writes it, which makes our PDFs; one that another program saved anew has lost its seal.
_ATTACHMENT = re.compile(
    rb"/Length (\d{1,9})/Type/EmbeddedFile(/Filter/FlateDecode)?[^\n]{0,300}>>\nstream\n"
)


def seal(pdf: bytes, document: dict[str, Any], key: OKPKey) -> bytes:
    """Return `pdf`, which has the signed `document` attached, with the seal line behind it."""
    signature: str = sign(_seal_statement(pdf, document["statement"]), key)["signature"]
    return pdf + _SEAL + signature.encode()


def verify_picture(picture: bytes, keys: KeySet) -> Verdict:
    """Say whether a PDF is as we sealed it and its document as we signed it. Raises Unreadable.

    CHANGED with a statement and no differences: the picture was touched; this is what was signed.
    """
    verdict = verify(attached_document(picture), keys)
    if not verdict:
        return verdict
    pdf, _, line = picture.rpartition(_SEAL)
    sealed = verify_signature(line.decode("latin-1"), keys)
    if not sealed:
        return replace(verdict, truth=sealed.truth)
    if sealed.statement != _seal_statement(pdf, verdict.statement):
        return replace(verdict, truth=Truth.CHANGED)
    return verdict


def _seal_statement(pdf: bytes, statement: Any) -> dict[str, Any]:
    # It bears the date of the document, so that one revocation judges both alike.
    digest = hashlib.sha256(pdf).hexdigest()
    return {"kind": "picture", "issued_at": statement["issued_at"], "sha256": digest}


def attached_document(picture: bytes) -> Json:
    """Return the signed document attached to a PDF of ours, unchecked. Raises Unreadable."""
    found = _ATTACHMENT.search(picture)
    if found is None:
        raise Unreadable("no signed document is attached to this PDF")
    stream = picture[found.end() : found.end() + int(found[1])]
    return read(_inflate(stream) if found[2] else stream)


def _inflate(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream, LARGEST_DOCUMENT_BYTES)
    except zlib.error as error:
        raise Unreadable("the attachment of this PDF is damaged") from error
