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


class PaidTwice(Refusal):
    """Another transfer has paid this already. This one goes back to its sender."""

    code = "paid-twice"


class SentTooSoon(Refusal):
    """The provider wants a pause after the last refund of this payment. It is tried again."""

    code = "sent-too-soon"


class ReferenceWrong(Refusal):
    """This is no reference of ours: its check digits do not fit. Please compare it again."""

    code = "reference-wrong"
    status = 422


class WayNotOffered(Refusal):
    """This way of paying is not offered for this plan. Please choose another one."""

    code = "way-not-offered"
    status = 422


class IbanWrong(Refusal):
    """This is not a valid IBAN. Please compare it with your bank's app, digit by digit."""

    code = "iban-wrong"
    status = 422


class DisputeAmountDiffers(Refusal):
    """This dispute is over, by another amount. Look at the provider's page: what differs in its
    report can be booked with a reason.
    """

    code = "dispute-amount-differs"


class PayoutInDoubt(Refusal):
    """Nobody has said yet what this payout really paid. Look it up at the provider and write it."""

    code = "payout-in-doubt"


class AmountMissing(Refusal):
    """Write the amount that the provider's own page shows for it; 0 if nothing was paid."""

    code = "amount-missing"
    status = 422


class HolderMissing(Refusal):
    """Banks want the name of an account's holder. Please write it as the statement shows it."""

    code = "holder-missing"
    status = 422


class OwnTransfer(Refusal):
    """Nobody sends money to themselves. Please hand this to a colleague."""

    code = "own-transfer"
    status = 403
