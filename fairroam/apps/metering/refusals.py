"""What the counting of usage may refuse."""

from fairroam.apps.journal.refusals import Refusal


class UsageColumnsUnknown(Refusal):
    """The first line of a usage file must name its columns, as docs/usage.md lists them."""

    code = "usage-columns-unknown"


class UsageFileTooLarge(Refusal):
    """A file this large is imported with the command, not over the page."""

    code = "usage-file-too-large"


class RecordSettled(Refusal):
    """Somebody has dealt with this record already, in another way."""

    code = "record-settled"
    status = 409


class RecordDoesNotCount(Refusal):
    """This counts for no plan of ours: look at the card number and the times, or put it away."""

    code = "record-does-not-count"


class PlanCannotGrow(Refusal):
    """This plan is over, or has nothing of that kind to add to. Money can be offered instead."""

    code = "plan-cannot-grow"
