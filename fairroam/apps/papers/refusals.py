"""What papers may refuse."""

from __future__ import annotations

from fairroam.apps.journal.refusals import Refusal


class CreditAboveInvoice(Refusal):
    """More would be credited than this invoice still has. Please look at its credit notes."""

    code = "credit-above-invoice"


class NoSuchKey(Refusal):
    """We never signed with a key of this name."""

    code = "no-such-key"
    status = 404


class ChannelListed(Refusal):
    """This is on the list already."""

    code = "channel-listed"


class ReportSettled(Refusal):
    """A colleague has looked at this report meanwhile."""

    code = "report-settled"
