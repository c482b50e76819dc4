"""Say on a customer's devices that a message stands in their inbox."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.notices import operations, queries
from fairroam.apps.notices.models import Notice
from fairroam.apps.papers.queries.channels import sender
from fairroam.gateways.calls import GatewayUnreachable
from fairroam.gateways.push import DeviceGone, DeviceRefused, PushAddress, PushGateway, webpush

NEWS_FOR = timedelta(hours=24)  # after that it is none; the inbox has it


def push(*, notice_id: int, now: datetime) -> None:
    """Tell every device of the customer; those that are gone are forgotten.

    Raises GatewayUnreachable when one may be reached later: the others hear it again, which
    replaces what they show.
    """
    notice = Notice.objects.get(pk=notice_id)
    if notice.customer_id is None or not notice.text or now >= notice.queued_at + NEWS_FOR:
        return
    content = webpush.written(
        title=catalogue.brand().name,
        body=notice.subject,  # a locked screen shows it: the reasons stay in the inbox
        url=f"/account/inbox/{notice.pk}/",
        tag=str(notice.key),
        language=notice.language,
    )
    unreached: list[GatewayUnreachable] = []
    for device in queries.devices_of(notice.customer_id):
        to = PushAddress(device.endpoint, device.public_key, device.secret)
        try:
            gateway().send(key=notice.key, to=to, content=content, now=now)
        except (DeviceGone, DeviceRefused):
            operations.forget_device(endpoint=device.endpoint, customer_id=notice.customer_id)
        except GatewayUnreachable as error:
            unreached.append(error)
    if unreached:
        raise unreached[0]


def gateway() -> PushGateway:
    """The way to push services."""
    return webpush.connect(
        key_file=operations.push_key_file(),
        contact=f"mailto:{sender()}",
        may_be_local=operations.may_be_local(),
        timeout_seconds=settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
    )
