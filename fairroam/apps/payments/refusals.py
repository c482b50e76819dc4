"""What the payment room refuses."""

from fairroam.apps.journal.refusals import Refusal


class MoreThanWasPaid(Refusal):
    """That is more than is left of this payment."""

    code = "exceeds-captured"
    status = 422


class AmountDiffers(Refusal):
    """The provider names another amount or currency than we asked for."""

    code = "amount-differs"
    status = 422
