"""Doors for machines: providers, carriers, networks."""

from django.urls import path

from fairroam.web.hooks import payments, profiles, usage

urlpatterns = [
    path("payments/<slug:provider>", payments.hear),
    path(
        "profiles/gsma/rsp2/es2plus/handleDownloadProgressInfo",
        profiles.handle_download_progress_info,
    ),
    path("usage/<slug:source>", usage.record),
]
