"""What the catalogue refuses."""

from fairroam.apps.journal.refusals import Refusal


class NoSuchPlan(Refusal):
    """This plan is not on offer (any more)."""

    code = "plan-not-found"
    status = 404
