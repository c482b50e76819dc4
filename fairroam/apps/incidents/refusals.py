"""What the register of incidents refuses."""

from fairroam.apps.journal.refusals import Refusal


class NoSuchIncident(Refusal):
    """There is no incident of this number."""

    code = "no-such-incident"
    status = 404


class NotYetOver(Refusal):
    """This lies in the future. Write down what has happened; the end can follow later."""

    code = "not-yet-over"
    status = 422


class IncidentChanged(Refusal):
    """A colleague changed this incident meanwhile. Please look at it as it is now."""

    code = "incident-changed"
