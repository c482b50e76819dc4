"""Where numbers speak. One mail per act, however often it is queued; the number is not in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.refusals import NoSuchPlan
from fairroam.apps.customers import queries as customers
from fairroam.apps.esims.queries import numbers as queries
from fairroam.apps.notices import operations as notices
from fairroam.apps.orders import queries as orders
from fairroam.rules.languages import words_for

# Event kind -> template of its mail.
MAILS = {
    "number.asked": "number_waiting",
    "number.review_needed": "number_review",
    "number.kept": "number_kept",
    "number.refused": "number_refused",
    "number.warned": "number_warning",
    "number.in_grace": "number_grace",
    "number.lost": "number_lost",
    "number.ported_out": "number_left",
    "keep_alive.done": "number_saved",
    "keep_alive.refused": "number_not_saved",
    "port_out.issued": "number_code",
    "port_out.refused": "number_no_code",
}
OF_THE_UNKEPT = (
    "number.asked",
    "number.review_needed",
    "number.refused",
    "number.lost",
    "number.ported_out",
)


def tell_number(*, kind: str, facts: dict[str, Any], event_id: int, now: datetime) -> None:
    """Mail what happened to a number, as an event with these facts told it."""
    line_id = facts["line_id"]
    if kind not in OF_THE_UNKEPT and not queries.is_kept(line_id):
        return  # Overtaken: the number is gone meanwhile, and another mail says so.
    if kind == "number.asked" and queries.is_known(line_id):
        return  # We know who they are: the number comes at once, and with it a mail.
    _send(MAILS[kind], line_id, str(event_id), now, facts=facts)


def tell_identity(*, customer_id: int, check_id: int, now: datetime) -> None:
    """Mail that a check did not recognise its person, and what can be done instead."""
    notices.send(
        kind="esims.identity_refused",
        act=f"esims.identity_refused:{check_id}",
        customer_id=customer_id,
        context={"numbers_url": f"{settings.FAIRROAM_ADDRESS}/account/numbers/"},
        now=now,
    )


def announce_renewals(*, now: datetime) -> None:
    """Mail, once a period, when it ends, what the next one costs and how to stop."""
    for keeping in queries.renewals_to_announce(now):
        assert keeping.paid_until is not None
        code = orders.terms_of(keeping.pk).plan_copy["code"]
        try:
            plan = catalogue.plan(code)
        except NoSuchPlan:
            continue  # Not sold any more: there is nothing to renew, and the page says so.
        about = keeping.paid_until.date().isoformat()
        _send("number_renewal", keeping.pk, about, now, plan=plan, paid_until=keeping.paid_until)


def _send(template: str, line_id: int, about: str, now: datetime, **more: Any) -> None:
    terms = orders.terms_of(line_id)
    page = queries.keeping_page(line_id, terms.customer_id, now=now)
    language = customers.customer(terms.customer_id).language
    notices.send(
        kind=f"esims.{template}",
        act=f"esims.{template}:{line_id}:{about}",
        customer_id=terms.customer_id,
        context={
            "page": page,
            "plan_name": words_for(terms.plan_copy["names"], language),
            "order_number": terms.order_number,
            "zone": terms.zone,
            "number_url": f"{settings.FAIRROAM_ADDRESS}/account/lines/{line_id}/number/",
            **more,
        },
        now=now,
    )
