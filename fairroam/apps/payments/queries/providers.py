"""Which payment providers this house is connected to, and what each of them can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fairroam.apps.payments.refusals import WayNotOffered
from fairroam.gateways.payments import Capabilities
from fairroam.gateways.payments.bank_transfer import BankTransfers
from fairroam.gateways.payments.paypal import PayPalPayments
from fairroam.gateways.payments.sandbox import SandboxPayments
from fairroam.gateways.payments.stripe import StripePayments

# What customers pay by there: it chooses the rail by which money can go back.
METHODS: Mapping[str, str] = {
    "sandbox": "card",
    "stripe": "card",
    "paypal": "paypal",
    "bank": "transfer",
}
METHOD_NAMES: Mapping[str, str | Promise] = {
    "card": _("Card"),
    "paypal": "PayPal",
    "transfer": _("Bank transfer"),
    "wallet": _("Wallet"),
    "promo": _("Gift credit"),
}
CAPABILITIES: Mapping[str, Capabilities] = {
    "sandbox": SandboxPayments.capabilities,
    "stripe": StripePayments.capabilities,
    "paypal": PayPalPayments.capabilities,
    "bank": BankTransfers.capabilities,
}
# Each is there once it has its key. The stand-in needs none outside of production.
CONNECTED: Mapping[str, Callable[[], bool]] = {
    "sandbox": lambda: bool(
        settings.FAIRROAM_PAYMENTS_URL or settings.FAIRROAM_ENVIRONMENT != "production"
    ),
    "stripe": lambda: bool(settings.FAIRROAM_STRIPE_KEY),
    "paypal": lambda: bool(settings.FAIRROAM_PAYPAL_CLIENT),
    "bank": lambda: bool(settings.FAIRROAM_BANK_IBAN),
}


def providers() -> tuple[str, ...]:
    """Those that we are connected to."""
    return tuple(name for name, is_connected in CONNECTED.items() if is_connected())


def asked_providers() -> tuple[str, ...]:
    """Those of them that can be called: about a charge, or for the report of a day."""
    return tuple(name for name in providers() if not CAPABILITIES[name].is_by_hand)


def ways_to_pay(currency: str) -> tuple[str, ...]:
    """The providers that take `currency` (ISO 4217), the usual one first.

    The stand-in comes first where it is: nobody's money should move by mistake.
    """
    return tuple(
        name
        for name in providers()
        if currency in (CAPABILITIES[name].currencies or frozenset({currency}))
    )


def method_name(method: str) -> str:
    """A way to pay as people of the active language call it; itself where we have no word."""
    return str(METHOD_NAMES.get(method, method))


def way_to_pay(provider: str, currency: str) -> tuple[str, str]:
    """(The provider, the method) by which a charge is made; "" takes the usual one.

    Raises WayNotOffered.
    """
    offered = ways_to_pay(currency)
    chosen = provider or next(iter(offered), "")
    if chosen not in offered:
        raise WayNotOffered(provider=provider, currency=currency)
    return chosen, METHODS[chosen]
