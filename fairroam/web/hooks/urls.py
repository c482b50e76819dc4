"""Doors for machines: providers, carriers, networks."""

from django.conf import settings
from django.urls import path

from fairroam.web.hooks import identity, payments, profiles, suppliers, usage

urlpatterns = [
    path("payments/<slug:provider>", payments.hear),
    path("usage/<slug:source>", usage.record),
    path("suppliers/<slug:supplier>", suppliers.hear),
    path("identity", identity.hear),
]
if (
    settings.FAIRROAM_ENVIRONMENT != "production"
    and not settings.FAIRROAM_PROFILES_DOOR_CERTIFICATE
):
    # Nobody shows here who they are, so in production the only way in is `certified_urls`.
    urlpatterns.append(
        path(
            "profiles/gsma/rsp2/es2plus/handleDownloadProgressInfo",
            profiles.handle_download_progress_info,
        )
    )
