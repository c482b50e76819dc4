"""What the closing room refuses."""

from fairroam.apps.journal.refusals import Refusal


class StillOnItsWay(Refusal):
    """Something is still on its way to you. Once it has arrived you can close your account."""

    code = "closure-blocked"


class AlreadyClosing(Refusal):
    """Your account is being closed already. The certificate comes by mail."""

    code = "already-closing"


class StaffAccount(Refusal):
    """This sign-in works at the desk, too. Please have a colleague take it out of the staff."""

    code = "staff-account"
