"""What the people's room refuses."""

from fairroam.apps.journal.refusals import Refusal


class AccountClosed(Refusal):
    """This account is closed. You are welcome to open a new one."""

    code = "account-closed"


class AccountLeaving(Refusal):
    """This account is being closed. Nothing new can begin under it."""

    code = "account-leaving"
