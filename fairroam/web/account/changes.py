"""What happened to a line since somebody looked, in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from fairroam.apps.refunds.queries import Change
from fairroam.web.components import formats

CHANGES = {
    "downloaded_at": _("A phone downloaded the eSIM: %(at)s."),
    "installed_at": _("The eSIM was installed: %(at)s."),
    "enabled_at": _("The eSIM was switched on: %(at)s."),
    "first_attach_at": _("A network saw the eSIM for the first time: %(at)s."),
    "first_usage_at": _("The plan was used for the first time: %(at)s."),
    "data": _("Data was used: %(after)s in all, %(before)s before."),
    "voice": _("Calls were made: %(after)s in all, %(before)s before."),
    "sms": _("Messages were sent: %(after)s in all, %(before)s before."),
    "plan": _("The days of the plan were counted anew."),
    "money": _("Another part of the money went back, or is on its way."),
    "dispute": _("Your bank opened or closed a dispute about the payment."),
    "trouble": _("What we know of a fault of this plan has changed."),
    "outage": _("What we know of network failures has changed."),
    "terms": _("Something else about this plan has changed."),
}


def in_words(change: Change, zone: str, language: str) -> str:
    words: dict[str, str] = {}
    if change.at is not None:
        words["at"] = formats.instant(change.at, zone, language)
    if change.before is not None and change.after is not None:
        words["before"] = formats.allowance(change.before, change.kind, language)
        words["after"] = formats.allowance(change.after, change.kind, language)
    return str(CHANGES[change.kind]) % words
