"""The door behind mutual TLS: what profile servers may call, at the paths of the standard."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from fairroam.web.hooks import profiles
from fairroam.web.hooks.payments import problem

urlpatterns = [
    path(
        "gsma/rsp2/es2plus/handleDownloadProgressInfo",
        profiles.handle_download_progress_info,
    ),
]


def handler404(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Whoever calls here is a program."""
    return problem("not-found", 404)


def handler500(request: HttpRequest) -> JsonResponse:
    """The same when we fail: the carrier sends its notice again."""
    return problem("broken", 500)
