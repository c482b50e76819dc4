"""What is true: canonical JSON, signed statements, key sets, and the check anyone can make."""

from fairroam.proof.again import Recomputation, amount_in_words, recompute
from fairroam.proof.canonical import Json, Unreadable, canonical, read
from fairroam.proof.commitments import commit, make_salt, opens
from fairroam.proof.keys import KeySet, PublishedKey, make_key
from fairroam.proof.pictures import attached_document, seal, verify_picture
from fairroam.proof.statements import (
    Difference,
    Signer,
    Truth,
    Verdict,
    sign,
    verify,
    verify_signature,
)

__all__ = [
    "Difference",
    "Json",
    "KeySet",
    "PublishedKey",
    "Recomputation",
    "Signer",
    "Truth",
    "Unreadable",
    "Verdict",
    "amount_in_words",
    "attached_document",
    "canonical",
    "commit",
    "make_key",
    "make_salt",
    "opens",
    "read",
    "recompute",
    "seal",
    "sign",
    "verify",
    "verify_picture",
    "verify_signature",
]
