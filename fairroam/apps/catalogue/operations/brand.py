"""Who sells, as an operator says it: name, colours, logo, imprint and the words on privacy."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.catalogue.models import Brand
from fairroam.apps.catalogue.refusals import AccentUnreadable, LogoTooLarge
from fairroam.apps.journal import operations as journal
from fairroam.rules.contrast import READABLE, contrast

LOGO_BYTES_MAX = 100_000
# What stands below or upon the accent, by day and by night: the values of styles/tokens.css.
BESIDE = {
    "accent": ("#faf7f0", "#fffdf8", "#f2ecdf", "#ffffff"),
    "accent_night": ("#191713", "#211e19", "#14120f", "#0d1f19"),
}


@transaction.atomic
def change_brand(*, actor: str, now: datetime, **fields: Any) -> Brand:
    """Say who sells, from now on; papers that are signed keep what they say.

    fields: columns of Brand but the logo's. The journal keeps which of them changed.
    Raises AccentUnreadable.
    """
    for name, grounds in BESIDE.items():
        worst = min(contrast(fields[name], ground) for ground in grounds)
        if worst < READABLE:
            raise AccentUnreadable(colour=fields[name], contrast=f"{worst:.2f}", least=READABLE)
    brand = Brand.objects.get_or_create(id=1)[0]
    changed = sorted(name for name, value in fields.items() if getattr(brand, name) != value)
    if changed:
        Brand.objects.filter(id=1).update(**{name: fields[name] for name in changed})
        journal.tell("brand.changed", actor=actor, now=now, fields=changed)
    return Brand.objects.get(id=1)


@transaction.atomic
def change_logo(*, content: bytes, media_type: str, actor: str, now: datetime) -> None:
    """Show this picture beside the name, made again by us before; empty content: none.

    Raises LogoTooLarge.
    """
    if len(content) > LOGO_BYTES_MAX:
        raise LogoTooLarge(bytes=len(content), most=LOGO_BYTES_MAX)
    digest = hashlib.sha256(content).hexdigest() if content else ""
    Brand.objects.get_or_create(id=1)
    Brand.objects.filter(id=1).update(logo=content, logo_type=media_type, logo_sha256=digest)
    journal.tell("brand.changed", actor=actor, now=now, fields=["logo"])
