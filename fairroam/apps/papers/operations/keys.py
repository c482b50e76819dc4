"""Signing keys: the private half is a file of the program's user, never a row."""

from __future__ import annotations

import json
import os
from datetime import datetime
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from joserfc.jwk import OKPKey

from fairroam.apps.journal import operations as journal
from fairroam.apps.papers import queries
from fairroam.apps.papers.models import SigningKey
from fairroam.apps.papers.refusals import NoSuchKey
from fairroam.proof import make_key

PUBLISHED_NAME = "fairroam-keys.json"  # beside the private keys; `fairroam verify` reads it


@transaction.atomic
def ensure_signing_key(*, now: datetime) -> OKPKey:
    """Return the newest key that is neither revoked nor absent here; make one when none is."""
    for row in SigningKey.objects.filter(revoked_from__isnull=True).order_by("-id"):
        path = _private_file(row.kid)
        if path.exists():
            return OKPKey.import_key(json.loads(path.read_bytes()))
    return _new_key(actor="system", now=now)


@transaction.atomic
def rotate_key(*, actor: str, now: datetime) -> str:
    """Sign with a new key from now on and return its id; what older keys signed stays true.

    The old private halves are destroyed: nobody can steal them any more.
    """
    retired = list(SigningKey.objects.values_list("kid", flat=True))
    key = _new_key(actor=actor, now=now)
    transaction.on_commit(partial(_destroy, retired))
    return key.thumbprint()


@transaction.atomic
def revoke_key(kid: str, *, revoked_from: datetime, actor: str, now: datetime) -> None:
    """Do not believe what `kid` signed at or after `revoked_from`; a repeat keeps the earlier.

    Choose the earliest instant at which it may have been stolen. Raises NoSuchKey.
    """
    row = SigningKey.objects.select_for_update(no_key=True).filter(kid=kid).first()
    if row is None:
        raise NoSuchKey(kid=kid)
    row.revoked_from = min(revoked_from, row.revoked_from or revoked_from)
    row.save(update_fields=["revoked_from"])
    journal.tell("signing_key.revoked", actor=actor, now=now, kid=kid)
    transaction.on_commit(partial(_destroy, [kid]))
    ensure_signing_key(now=now)


def _new_key(*, actor: str, now: datetime) -> OKPKey:
    key = make_key()
    kid = key.thumbprint()
    path = _private_file(kid)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(key.as_dict(private=True), file)
    SigningKey.objects.create(kid=kid, public_jwk=key.as_dict(private=False), made_at=now)
    journal.tell("signing_key.made", actor=actor, now=now, kid=kid)
    transaction.on_commit(publish_keys)
    return key


def publish_keys() -> None:
    """Write the published key set beside the private keys, for checks on this machine."""
    path = _private_file("new")
    path.write_text(json.dumps(queries.key_set().as_jwks(), indent=2), encoding="utf-8")
    path.replace(path.with_name(PUBLISHED_NAME))


def _destroy(kids: list[str]) -> None:
    for kid in kids:
        _private_file(kid).unlink(missing_ok=True)
    publish_keys()


def _private_file(kid: str) -> Path:
    return Path(settings.FAIRROAM_FOLDER) / "keys" / f"{kid}.jwk"
