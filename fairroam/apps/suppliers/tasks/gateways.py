"""The suppliers that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache

from django.conf import settings

from fairroam.gateways.suppliers import SupplierGateway, airalo, esim_access

CALL_SECONDS_MAX = 120  # One act is a few calls, each with its own deadline.


def gateway(supplier: str) -> SupplierGateway:
    """The gateway to a supplier. Raises KeyError for one that the settings do not name."""
    return _connected()[supplier]()


def suppliers() -> tuple[str, ...]:
    """The names of those that the settings name."""
    return tuple(_connected())


def pause_of(chosen: SupplierGateway) -> timedelta:
    """How long after the start of a call nobody repeats it: it may be on its way."""
    return timedelta(seconds=max(CALL_SECONDS_MAX, chosen.capabilities.repeat_after_seconds))


def _connected() -> dict[str, Callable[[], SupplierGateway]]:
    connected: dict[str, Callable[[], SupplierGateway]] = {}
    if settings.FAIRROAM_SUPPLIERS_ACCESS_URL:
        connected["esim_access"] = lambda: _esim_access(
            settings.FAIRROAM_SUPPLIERS_ACCESS_URL,
            settings.FAIRROAM_SUPPLIERS_ACCESS_KEY,
            settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
        )
    if settings.FAIRROAM_SUPPLIERS_AIRALO_URL:
        is_told = settings.FAIRROAM_SUPPLIERS_AIRALO_ORDERS == "told"
        connected["airalo"] = lambda: _airalo(
            settings.FAIRROAM_SUPPLIERS_AIRALO_URL,
            settings.FAIRROAM_SUPPLIERS_AIRALO_CLIENT,
            settings.FAIRROAM_SUPPLIERS_AIRALO_SECRET,
            f"{settings.FAIRROAM_ADDRESS}/hooks/suppliers/airalo" if is_told else "",
            settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
        )
    return connected


@cache
def _esim_access(url: str, access_code: str, timeout_seconds: float) -> SupplierGateway:
    return esim_access.connect(url=url, access_code=access_code, timeout_seconds=timeout_seconds)


@cache  # Its token is shared: few may be asked for.
def _airalo(
    url: str, client_id: str, client_secret: str, order_hook_url: str, timeout_seconds: float
) -> SupplierGateway:
    return airalo.connect(
        url=url,
        client_id=client_id,
        client_secret=client_secret,
        order_hook_url=order_hook_url,
        timeout_seconds=timeout_seconds,
    )
