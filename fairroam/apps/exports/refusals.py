"""What exports refuse."""

from fairroam.apps.journal.refusals import Refusal


class ExportGone(Refusal):
    """This export is no longer here: it is kept for 7 days. You can have a new one now."""

    code = "export-gone"
    status = 410
