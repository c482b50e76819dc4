"""Acts upon people: accounts, staff, and what protects both."""

from fairroam.apps.customers.operations.addressing import (
    change_address,
    choose_language,
    choose_zone,
)
from fairroam.apps.customers.operations.billing import forget_billing, keep_billing
from fairroam.apps.customers.operations.browsers import (
    end_session,
    end_sessions,
    forget_session,
    note_session,
)
from fairroam.apps.customers.operations.guarding import allow_guarded_act, record_security_change
from fairroam.apps.customers.operations.inviting import (
    accept_invitation,
    end_invitation,
    invite,
)
from fairroam.apps.customers.operations.opening import (
    begin_leaving,
    close,
    find_or_open,
    lock,
    lock_for_new,
    lock_open,
    open_for,
    refuse_new,
)
from fairroam.apps.customers.operations.staffing import (
    change_role,
    confirm_limit,
    end_staff,
    hire,
    set_limit,
)

__all__ = [
    "accept_invitation",
    "allow_guarded_act",
    "begin_leaving",
    "change_address",
    "change_role",
    "choose_language",
    "choose_zone",
    "close",
    "confirm_limit",
    "end_invitation",
    "end_session",
    "end_sessions",
    "end_staff",
    "find_or_open",
    "forget_billing",
    "forget_session",
    "hire",
    "invite",
    "keep_billing",
    "lock",
    "lock_for_new",
    "lock_open",
    "note_session",
    "open_for",
    "record_security_change",
    "refuse_new",
    "set_limit",
]
