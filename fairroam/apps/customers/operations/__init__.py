"""Acts upon people: accounts, staff, and what protects both."""

from fairroam.apps.customers.operations.guarding import allow_guarded_act, record_security_change
from fairroam.apps.customers.operations.opening import (
    begin_leaving,
    choose_language,
    close,
    find_or_open,
    lock,
    lock_for_new,
    lock_open,
    open_for,
)
from fairroam.apps.customers.operations.staffing import (
    change_role,
    confirm_limit,
    end_staff,
    hire,
    set_limit,
)

__all__ = [
    "allow_guarded_act",
    "begin_leaving",
    "change_role",
    "choose_language",
    "close",
    "confirm_limit",
    "end_staff",
    "find_or_open",
    "hire",
    "lock",
    "lock_for_new",
    "lock_open",
    "open_for",
    "record_security_change",
    "set_limit",
]
