"""Who may stand at the desk."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fairroam.apps.customers.models import User

Words = ParamSpec("Words")


def staff_only(
    view: Callable[Concatenate[HttpRequest, User, Words], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Ask for the sign-in first; for everybody but staff the desk does not exist."""

    @login_required
    @wraps(view)
    def asked(request: HttpRequest, *args: Words.args, **words: Words.kwargs) -> HttpResponse:
        user = request.user
        if not (isinstance(user, User) and user.is_staff):
            return render(request, "account/hidden.html", status=404)
        return view(request, user, *args, **words)

    return asked
