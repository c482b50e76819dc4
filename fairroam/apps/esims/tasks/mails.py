"""Where lines speak. One mail per act, however often it is queued."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from fairroam.apps.customers import queries as customers
from fairroam.apps.notices import operations as notices
from fairroam.apps.orders import queries as orders


def tell_customer(*, order_line_id: int, now: datetime) -> None:
    """Mail that the line is ready and where its code is shown; the code itself is not mailed."""
    terms = orders.terms_of(order_line_id)
    language = customers.customer(terms.customer_id).language
    names = terms.plan_copy["names"]
    notices.send(
        kind="esims.ready",
        act=f"esims.ready:{order_line_id}",
        customer_id=terms.customer_id,
        context={
            "plan_name": names.get(language, names["en"]),
            "order_number": terms.order_number,
            "line_url": f"{settings.FAIRROAM_ADDRESS}/account/lines/{order_line_id}/",
        },
        now=now,
    )
