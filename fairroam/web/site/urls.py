"""The public site: what anybody may see without signing in."""

from django.urls import path

from fairroam.web.site import (
    channels,
    check,
    checkout,
    code_again,
    coverage,
    declare,
    orders,
    plans,
    statements,
    status,
    terms,
    verify,
)

app_name = "site"
urlpatterns = [
    path("", plans.home, name="home"),
    path("plans/", plans.plans, name="plans"),
    path("plans/<slug:code>/", plans.plan, name="plan"),
    path("devices/", coverage.devices, name="devices"),
    path("checkout/<slug:code>/", checkout.checkout, name="checkout"),
    path("checkout/<slug:code>/bill/", checkout.bill, name="bill"),
    path("orders/<slug:number>/", orders.order, name="order"),
    path("code-again/", code_again.ask, name="code_again"),
    path("code-again/sent/", code_again.sent, name="code_sent"),
    path("code-again/<str:seal>/", code_again.opened, name="code_link"),
    path("verify/", verify.check, name="verify"),
    path("verify/<path:number>/", verify.by_number, name="verdict"),
    path(".well-known/fairroam-keys.json", verify.keys, name="keys"),
    path("money-back/check/", check.check, name="check_money_back"),
    path("terms/", terms.terms, name="terms"),
    path("terms/<str:name>/", terms.version, name="terms_version"),
    path("terms/<str:name>.<slug:form>", terms.download, name="terms_download"),
    path("terms/<str:before>/to/<str:after>/", terms.changes, name="terms_changes"),
    path("withdraw/", declare.withdraw, name="withdraw"),
    path("terminate/", declare.terminate, name="terminate"),
    path("declarations/received/", declare.declared, name="declared"),
    path("declarations/<str:seal>/", declare.prove, name="declaration"),
    path("leave/", statements.leave, name="leave"),
    path("status/", status.status, name="status"),
    path("status/feed/", status.feed, name="status_feed"),
    path("channels/", channels.channels, name="channels"),
    path("channels/signed.json", channels.signed, name="signed_channels"),
    path("channels/report/", channels.report, name="report_fake"),
    path("channels/reported/", channels.reported, name="reported"),
    path("imprint/", statements.imprint, name="imprint"),
]
