"""What a supplier may answer instead of doing something; each says what can be done next."""

from __future__ import annotations

from fairroam.gateways.calls import GatewayUnreachable, kept_code


class AskLater(GatewayUnreachable):
    """Too many calls: nothing happened. The same call again, after `after_seconds` at least."""

    def __init__(self, after_seconds: int) -> None:
        super().__init__(f"asked to wait {after_seconds} s")
        self.after_seconds = after_seconds


class SupplierRefused(Exception):
    """The supplier does not do this, and nothing happened. `code`: its own, as `kept_code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = kept_code(code)


class AccessRefused(SupplierRefused):
    """It does not know us, our signature or our address: an alarm, no retry."""


class BalanceTooLow(SupplierRefused):
    """Our credit there does not suffice: an alarm; the same call works once it is filled."""


class OutOfStock(SupplierRefused):
    """No eSIM of this package is left: another supplier, or money back."""


class PackageUnknown(SupplierRefused):
    """No such package, or not for this use: the catalogue is out of date."""


class PriceChanged(SupplierRefused):
    """The package costs something else than we said: the catalogue is out of date."""


class NotNow(SupplierRefused):
    """Maintenance: the same call may work later, another supplier at once."""


class EsimUnknown(SupplierRefused):
    """The supplier knows no such eSIM of ours."""


class EsimRecycled(SupplierRefused):
    """The eSIM is gone; its ICCID may by now be somebody else's."""


class TopUpRefused(SupplierRefused):
    """This eSIM takes no top-up, or none any more."""


class AlreadyInstalled(SupplierRefused):
    """Cancelling came too late, a phone has it: end it, then decide again."""


class NotCancellable(SupplierRefused):
    """Not to be cancelled for another reason than a phone: used, expired, revoked."""


class NotOffered(SupplierRefused):
    """This supplier has no such act; its `capabilities` say so."""
