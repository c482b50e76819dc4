"""What the counting of usage may refuse."""

from fairroam.apps.journal.refusals import Refusal


class UsageColumnsUnknown(Refusal):
    """The first line of a usage file must name its columns, as docs/usage.md lists them."""

    code = "usage-columns-unknown"


class UsageFileTooLarge(Refusal):
    """A file this large is imported with the command, not over the page."""

    code = "usage-file-too-large"


class PlanCannotGrow(Refusal):
    """This plan is over, or has nothing of that kind to add to. Money can be offered instead."""

    code = "plan-cannot-grow"
