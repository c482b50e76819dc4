"""The least that Django does: one view, one query, one template, a new project's middleware."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from fairroam.project.settings import database

# What `django-admin startproject` writes, but for its admin pages; connections are kept as ours.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]


def customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """A row of the database on a page."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, residence FROM customers_customer WHERE id = %s", [customer_id]
        )
        number, residence = cursor.fetchone()
    return render(request, "trivial.html", {"number": number, "residence": residence})


urlpatterns = [path("<int:customer_id>/", customer)]

settings.configure(
    SECRET_KEY=os.environ["FAIRROAM_SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": database(os.environ["DATABASE_URL"])},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
    ],
    MIDDLEWARE=MIDDLEWARE,
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent],
            "OPTIONS": {"context_processors": PROCESSORS},
        }
    ],
    USE_TZ=True,
    STATIC_URL="/static/",
)
application = get_wsgi_application()
