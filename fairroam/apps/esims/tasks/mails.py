"""Where lines speak. One mail per act, however often it is queued."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing

from fairroam.apps.customers import queries as customers
from fairroam.apps.esims import queries
from fairroam.apps.esims.models import CodeLink
from fairroam.apps.notices import operations as notices
from fairroam.apps.orders import queries as orders
from fairroam.rules.languages import words_for

CODE_LINK_SALT = "fairroam.code-link"


def tell_customer(*, order_line_id: int, now: datetime) -> None:
    """Mail that the line is ready and where its code is shown; the code itself is not mailed."""
    _send("esims.ready", f"{order_line_id}", order_line_id, now)


def tell_act(*, act_id: int, now: datetime) -> None:
    """Mail what came of an act: done, or refused and what can be done instead."""
    order_line_id, _customer_id, act = queries.act_of(act_id)
    _send("esims.act", f"{act_id}:{act.stage}", order_line_id, now, act=act)


def help_to_attach(*, order_line_id: int, profile_id: int, now: datetime) -> None:
    """Mail what to look at when an installed eSIM finds no network."""
    _send("esims.never_attached", f"{profile_id}", order_line_id, now)


def remind_to_install(*, order_line_id: int, now: datetime) -> None:
    """Mail what to do before the trip where an eSIM lies ready and is in no phone. Once."""
    state, facts = queries.line_state(order_line_id), queries.facts_of(order_line_id)
    if state.stage == "active" and facts.downloaded_at is None:
        _send("esims.get_ready", f"{order_line_id}", order_line_id, now)


def mail_code_link(*, link_id: int, now: datetime) -> None:
    """Mail a link that opens one order's page in one browser, once."""
    order = CodeLink.objects.select_related("order").get(pk=link_id).order
    seal = signing.dumps(link_id, salt=CODE_LINK_SALT)
    notices.send(
        kind="esims.code_link",
        act=f"esims.code_link:{link_id}",
        customer_id=order.customer_id,
        context={
            "order_number": order.number,
            "link": f"{settings.FAIRROAM_ADDRESS}/code-again/{seal}/",
        },
        now=now,
    )


def _send(kind: str, about: str, order_line_id: int, now: datetime, **more: Any) -> None:
    terms = orders.terms_of(order_line_id)
    language = customers.customer(terms.customer_id).language
    notices.send(
        kind=kind,
        act=f"{kind}:{about}",
        customer_id=terms.customer_id,
        context={
            "plan_name": words_for(terms.plan_copy["names"], language),
            "line_name": queries.line_state(order_line_id).name,
            "order_number": terms.order_number,
            "line_url": f"{settings.FAIRROAM_ADDRESS}/account/lines/{order_line_id}/",
            **more,
        },
        now=now,
    )
