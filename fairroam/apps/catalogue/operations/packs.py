"""A refund pack in a new version: terms of orders to come; sold ones keep theirs by name."""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.catalogue.models import Pack
from fairroam.apps.catalogue.refusals import PackRefused
from fairroam.apps.journal import operations as journal
from fairroam.rules.packs import compile_packs
from fairroam.rules.refusals import BadPack


def next_version(*, source: str, now: datetime) -> dict[str, Any]:
    """Read the TOML of a pack's next version, whole and in force only later than today.

    Raises PackRefused: a version that began today or before would change what orders of today
    were promised.
    """
    try:
        content = tomllib.loads(source)
        compile_packs([content])
    except (tomllib.TOMLDecodeError, BadPack) as error:
        raise PackRefused(reason=str(error)) from error
    newest = Pack.objects.filter(name=content["pack"]).order_by("-version").first()
    if newest is None or content["version"] != newest.version + 1:
        raise PackRefused(reason="version: one more than the newest of a pack that is there")
    if str(content.get("effective_from", "")) <= now.date().isoformat():
        raise PackRefused(reason="effective_from: a day after today")
    return content


@transaction.atomic
def publish_pack(*, source: str, actor: str, now: datetime) -> Pack:
    """Publish the next version of a pack. Raises PackRefused."""
    content = next_version(source=source, now=now)
    pack = Pack.objects.create(
        name=content["pack"], version=content["version"], content=content, published_at=now
    )
    journal.tell("pack.published", actor=actor, now=now, pack=str(pack))
    return pack
