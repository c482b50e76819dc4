"""What the ledger refuses."""

from fairroam.apps.journal.refusals import Refusal


class NotEnough(Refusal):
    """There is not that much left to move."""

    code = "not-enough"
