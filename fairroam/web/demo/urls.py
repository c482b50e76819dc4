"""The demo's own pages; `project/urls.py` leaves them out of production."""

from django.urls import path

from fairroam.web.demo import components_page, control, doors, phones

app_name = "demo"
urlpatterns = [
    path("", doors.cast, name="cast"),
    path("sign-in/", doors.sign_in, name="sign_in"),
    path("clock/", control.move_clock, name="clock"),
    path("messages/", control.messages, name="messages"),
    path("phone/", phones.show, name="phone"),
    path("phone/act/", phones.act, name="phone_act"),
    path("components/", components_page.components, name="components"),
]
