"""The demo's own pages; `project/urls.py` leaves them out of production."""

from django.urls import path

from fairroam.web.demo import components_page, doors

app_name = "demo"
urlpatterns = [
    path("", doors.cast, name="cast"),
    path("sign-in/", doors.sign_in, name="sign_in"),
    path("components/", components_page.components, name="components"),
]
