"""The demo's doors: who is who, and a sign-in with one click. Absent from production."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers.models import User
from fairroam.web.demo import control
from fairroam.web.demo.people import CAST, STAFF
from fairroam.web.desk.staff import DEMO_DOOR


@require_safe
def cast(request: HttpRequest) -> HttpResponse:
    """The cast, each with a button."""
    here = set(User.objects.values_list("email", flat=True))
    context = {
        "cast": [(one, one.email in here) for one in CAST],
        "staff": STAFF,
        "clock": control.clock(),
        "messages_out": control.newest(),
        "zone": control.ZONE,
    }
    return render(request, "demo/cast.html", context)


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Become one of the cast."""
    email = request.POST.get("email", "")
    user = User.objects.filter(email=email).first()
    if user is None or email not in {one.email for one in (*CAST, *STAFF)}:
        raise Http404
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[DEMO_DOOR] = True
    return redirect("desk:queue" if user.is_staff else "account:overview")
