"""Which audience answers which path."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from fairroam.web.account.preferences import speak

urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/", include("fairroam.web.hooks.urls")),
    path("sign-in/", include("fairroam.web.account.signin_urls")),
    path("language/setlang/", speak, name="set_language"),
    path("account/security/", include("fairroam.web.account.security_urls")),
    path("account/", include("fairroam.web.account.urls")),
    path("desk/", include("fairroam.web.desk.urls")),
    path("", include("fairroam.web.site.urls")),
]

if settings.FAIRROAM_ENVIRONMENT == "demo":  # absent from production
    urlpatterns.append(path("demo/", include("fairroam.web.demo.urls")))
