"""The account centre: what is yours."""

from django.urls import path

from fairroam.web.account import leave, lines, orders, overview, papers, refunds

app_name = "account"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("lines/<int:line_id>/", lines.line, name="line"),
    path("lines/<int:line_id>/refund/", refunds.ask, name="ask_refund"),
    path("refunds/<int:refund_id>/", refunds.refund, name="refund"),
    path("refunds/<int:refund_id>/take-back/", refunds.take_back, name="take_back_refund"),
    path("orders/", orders.orders, name="orders"),
    path("papers/<str:number>.<slug:form>", papers.paper, name="paper"),
    path("leave/", leave.leave, name="leave"),
    path("leave/<str:seal>/", leave.progress, name="leaving"),
]
