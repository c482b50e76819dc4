"""What the closing room refuses."""

from fairroam.apps.journal.refusals import Refusal


class StillOnItsWay(Refusal):
    """Something must be done first: the list on this page says what. Then you can close it."""

    code = "closure-blocked"


class AlreadyClosing(Refusal):
    """Your account is being closed already. The certificate comes by mail."""

    code = "already-closing"


class StaffAccount(Refusal):
    """This sign-in works at the desk, too. Please have a colleague take it out of the staff."""

    code = "staff-account"


class BegunAlready(Refusal):
    """The closing has begun and cannot be taken back any more. You are welcome to come again."""

    code = "closing-begun"


class NoSuchTime(Refusal):
    """There is no such end: choose a day of your trip within the next year, or another time."""

    code = "no-such-time"
    status = 422


class WordsMissing(Refusal):
    """Please write a few words; the other side reads them."""

    code = "words-missing"
    status = 422


class EndsAlready(Refusal):
    """This service ends already. Its page says when, and lets you take that back."""

    code = "ends-already"


class ServiceIsOver(Refusal):
    """This service has ended, or is being ended."""

    code = "service-over"


class NotThisNumber(Refusal):
    """This number is with us and goes with the account: name another one, or none."""

    code = "own-number"
    status = 422
