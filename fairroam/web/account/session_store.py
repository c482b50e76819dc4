"""Sessions as Django keeps them in the database; whose one is comes along in the same read."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.queries import Visit
from fairroam.clock import real_now


class SessionStore(db.SessionStore):
    """Django's, under its name: that is part of what sessions are signed with."""

    visit: Visit | None = None  # as the session was read; what happened since is not in it

    def _get_session_from_db(self) -> Session | None:
        self.visit = customers.visit(self.session_key or "", real_now(), beside=catalogue.EDITION)
        if self.visit is None:
            self._session_key = None
            return None
        catalogue.take_edition(self.visit.beside)
        return self.visit.session


def visit_of(request: HttpRequest) -> Visit | None:
    """What was read with the session, where that session and its user still are the request's."""
    session = getattr(request, "session", None)
    visit: Visit | None = getattr(session, "visit", None)
    if session is None or visit is None or visit.user is None:
        return None
    is_same = visit.session.session_key == session.session_key
    return visit if is_same and session.get(SESSION_KEY) == str(visit.user.pk) else None


def recall_user(request: HttpRequest) -> Visit | None:
    """Let Django know the user that was read with the session; None where it must ask itself.

    The row counts only where Django would take the very same: an active user, a way to sign in
    that we have, and the proof that the sign-in is not older than the user's secrets.
    """
    request.session.get(SESSION_KEY)  # reads it
    visit = visit_of(request)
    if visit is None or visit.user is None or not visit.user.is_active:
        return None
    if request.session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    signed = request.session.get(HASH_SESSION_KEY, "")
    if not constant_time_compare(signed, visit.user.get_session_auth_hash()):
        return None
    request._cached_user = visit.user  # type: ignore[attr-defined]  # where Django keeps it, too
    return visit
