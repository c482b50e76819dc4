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


class NotWaivable(Refusal):
    """This balance has a way back to you, or it is less than that. Take it back instead: to the
    way you paid, or to a bank account that you name.
    """

    code = "not-waivable"


class NoSuchWaiver(Refusal):
    """No waiver of ours has this number and this code. Both stand on the paper; please compare
    letter by letter.
    """

    code = "no-such-waiver"
    status = 404


class WaiverClaimed(Refusal):
    """This waiver was claimed before, and its money is being sent, or was. If that was not you,
    write to us now.
    """

    code = "waiver-claimed"


class WaiverOver(Refusal):
    """The last day for claiming this is over. Write to us all the same: a person decides, nothing
    lapses by itself.
    """

    code = "waiver-over"
