"""What the wallet refuses."""

from fairroam.apps.journal.refusals import Refusal


class AmountOutOfBounds(Refusal):
    """This amount is outside of what can be topped up at once. Please choose another one."""

    code = "amount-out-of-bounds"
    status = 422


class NoWalletTerms(Refusal):
    """There is no wallet in this currency."""

    code = "no-wallet-terms"
    status = 422


class TooManyRecipients(Refusal):
    """We mail ten codes a day for one customer. Leave the address empty and pass the code on
    yourself, or come back tomorrow.
    """

    code = "too-many-recipients"
    status = 429


class NotEnoughCredit(Refusal):
    """So much paid credit is not free just now. What an unpaid order holds is free again when
    that order ends.
    """

    code = "not-enough-credit"
    status = 422


class NotTransferable(Refusal):
    """Only credit that you paid for can be given to somebody else, and no more than you have."""

    code = "not-transferable"
    status = 422


class RecipientUnverified(Refusal):
    """Credit goes only to somebody with an open account who has proven that address by signing in.
    Please ask them to sign in once, then try again.
    """

    code = "recipient-unverified"
    status = 422


class TransferLimit(Refusal):
    """This is more than can be given away in 24 hours. Please take less, or come back tomorrow."""

    code = "transfer-limit"
    status = 422


class VoucherUnknown(Refusal):
    """We do not know this code. Please look at it again: it has 32 letters and digits."""

    code = "voucher-unknown"
    status = 422


class VoucherRedeemed(Refusal):
    """This voucher has been redeemed already. Its credit is in the wallet of whoever did that."""

    code = "voucher-redeemed"
    status = 409


class VoucherOver(Refusal):
    """This voucher does not count any more: it was called back, or its time is over. Please ask
    whoever gave it to you, or write to us.
    """

    code = "voucher-over"
    status = 409


class VoucherDisputed(Refusal):
    """A bank looks at the payment for this voucher. It can be redeemed once the bank has found
    that payment right.
    """

    code = "voucher-disputed"
    status = 409


class BuyerLeft(Refusal):
    """Whoever bought this voucher has closed the account, so nothing can go back there. Let it
    count instead: it is owed to whoever has its code.
    """

    code = "buyer-left"
    status = 409


class VoucherKept(Refusal):
    """The time to take this voucher back is over. It still counts: redeem it, or give it away."""

    code = "voucher-kept"
    status = 409


class CreditGone(Refusal):
    """So much of this credit is not there any more: it is spent, kept for an order, or somebody
    else's by now. Dismiss the notice with your reason, and book what differs in the report.
    """

    code = "credit-gone"
    status = 409
