"""What the people's room refuses."""

from fairroam.apps.journal.refusals import Refusal


class AccountClosed(Refusal):
    """This account is closed. You are welcome to open a new one."""

    code = "account-closed"


class AccountLeaving(Refusal):
    """This account is being closed. Nothing new can begin under it."""

    code = "account-leaving"


class StepUpRequired(Refusal):
    """Please prove once more that it is you: this could lead money or your account away."""

    code = "step-up-required"
    status = 403


class RecentContactChange(Refusal):
    """An address or a way to sign in was changed. For 72 hours after that, no money goes another
    way. If it was you, wait; if not, write to us now.
    """

    code = "recent-contact-change"


class SessionRevoked(Refusal):
    """This device was signed out. Please sign in again."""

    code = "session-revoked"
    status = 401


class NotAllowed(Refusal):
    """Your role does not include this. A colleague with the role named here can do it."""

    code = "not-allowed"
    status = 403


class FourEyes(Refusal):
    """This needs a second person, and another login of the same person is none."""

    code = "four-eyes"
    status = 403


class StaffAlready(Refusal):
    """This login stands at the desk already."""

    code = "staff-already"


class StaffLeaving(Refusal):
    """The account of this login is being closed. Please invite another address."""

    code = "staff-leaving"


class LastOperator(Refusal):
    """This is the last operator. Make somebody else operator first."""

    code = "last-operator"


class AddressTaken(Refusal):
    """Another account has this address. Close that one first, or take another address."""

    code = "address-taken"


class InvitationEnded(Refusal):
    """This invitation is used, too old or was taken back. Ask the operator for a new one."""

    code = "invitation-ended"
    status = 404


class NoSuchTaxNumber(Refusal):
    """No VAT number of that country looks like this. Check it letter by letter, or leave it out."""

    code = "no-such-tax-number"
    status = 422
