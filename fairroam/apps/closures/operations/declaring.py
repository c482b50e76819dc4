"""What a certificate says of personal data: erased, kept and taken along.

All of it is computed from what the apps declare (`personal.py`): what is declared cannot be left
out. Only words for people are kept here; what has none of its own is counted under its heading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_
from django.utils.translation import ngettext

from fairroam.apps.closures.personal import EVERYTHING
from fairroam.apps.exports import queries as exports
from fairroam.apps.journal.personal import PURPOSES, RETAINED, TITLES, Table

# A column that is emptied, a table whose rows go, or files -> its words.
ERASED = {
    "customers_user": N_("Your sign-in with its mail address"),
    "customers_browsersession.user_agent": N_("Which browsers you were signed in with"),
    "customers_billingdetails": N_("Company details for your invoices"),
    "notices_pushdevice": N_("Devices that messages were pushed to"),
    "mfa_authenticator": N_("Your passkeys, authenticator app and recovery codes"),
    "contacts_contact": N_("Contacts of your address book"),
    "notices_notice.address": N_("Addresses of the messages we sent you"),
    "notices_notice.subject": N_("Subjects of the messages we sent you"),
    "notices_notice.text": N_("Texts of the messages we sent you"),
    "payments_bankaccount.holder": N_("Names of bank accounts' holders"),
    "payments_bankaccount.iban": N_("Numbers of bank accounts"),
    "payments_providerevent.content": N_("Notices of payment providers, as they came"),
    "conversations_message.words": N_("What you and we wrote to each other"),
    "evidence files": N_("Files that you sent us"),
    "export files": N_("Files of exports that still lay here"),
    "esims_line.name": N_("Names that you gave to eSIMs"),
    "esims_profile.eid": N_("Chip numbers of your phones"),
    "esims_profile.matching_id": N_("Activation codes"),
    "esims_carriernotice.eid": N_("Chip numbers in the carrier's notices"),
    "esims_keeping.number_id": N_("Phone numbers that were yours"),
    "refunds_refundrequest.words": N_("Your words in requests for money back"),
    "refunds_refundrequest.answer_words": N_("Our words in answer to them"),
    "refunds_case.question_words": N_("What we asked you about them"),
    "refunds_case.added_words": N_("Your answers and appeals"),
    "refunds_offer.words": N_("Our words beside offers"),
    "refunds_offer.counter_words": N_("Your words in answer to offers"),
    "refunds_proposal.words": N_("Our words beside offers that were not made"),
    "closures_closure.question_words": N_("What we asked about the closing"),
    "closures_closure.answer_words": N_("Your answer to that"),
    "closures_closure.reject_words": N_("Why a closing was refused before"),
}
FILES = ("evidence files", "export files")


def told_of() -> list[Table]:
    """The declarations of all tables with rows about customers."""
    return [table for table in EVERYTHING if table.whose]


def rows_to_erase(customer_id: int) -> dict[str, int]:
    """How many rows of the tables whose rows go with an account are there, per table."""
    return {table.name: table.rows(customer_id).count() for table in told_of() if table.deleted}


def erased(counts: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Every field that was emptied, and how many values it held."""
    others: Counter[str] = Counter()
    for field, about in (*fields(), *((name, "") for name in FILES)):
        if field not in ERASED:
            others[about] += counts.get(field, 0)
        elif counts.get(field):
            yield {"code": field, "text": _(ERASED[field]), "why": counted(counts[field])}
    for about, count in others.items():
        if count:
            text = _("Other personal fields under: %(title)s") % {"title": TITLES[about]}
            yield {"code": about, "text": text, "why": counted(count)}


def fields() -> Iterator[tuple[str, str]]:
    """(What `erase` counts, the heading that it stands under), as declared."""
    for table in told_of():
        for column in table.erased.split():
            yield f"{table.name}.{column}", table.about
        if table.deleted:
            yield table.name, table.about


def kept(customer_id: int, closed_at: datetime) -> Iterator[dict[str, Any]]:
    """What stays, why, and until when: whole calendar years, as the tax law counts."""
    for why, years in RETAINED.items():
        declared = (table for table in told_of() if table.why == why)
        there = {table.about for table in declared if table.rows(customer_id).exists()}
        if there:
            yield {
                "code": why,
                "text": listed(there),
                "why": str(PURPOSES[why]),
                "until": date(closed_at.year + years, 12, 31),
            }


def exported(customer_id: int) -> Iterator[dict[str, Any]]:
    """Every export that its owner took along, with the headings in it and the file's hash."""
    headings = listed({table.about for table in told_of() if table.given})
    for export in exports.taken_by(customer_id):
        yield {
            "code": "EXPORT",
            "text": _("Everything about you, in one file"),
            "why": f"{headings}{_('; ')}SHA-256 {export.sha256}",
            "at": export.taken_at,
        }


def listed(headings: set[str]) -> str:
    """Headings in words, in the order of the page about what is kept."""
    return _(", ").join(str(title) for about, title in TITLES.items() if about in headings)


def counted(count: int) -> str:
    """How many there were; nothing for none."""
    if not count:
        return ""
    return ngettext("%(count)s entry", "%(count)s entries", count) % {"count": count}
