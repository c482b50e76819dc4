"""What is done with usage: open meters, count records once, end a plan whose time is over."""

from fairroam.apps.metering.operations.arrivals import Arrival, arrival_of
from fairroam.apps.metering.operations.count import Counted, record_many, record_page, record_usage
from fairroam.apps.metering.operations.run import end_plans, open_meters, stop_pack

__all__ = [
    "Arrival",
    "Counted",
    "arrival_of",
    "end_plans",
    "open_meters",
    "record_many",
    "record_page",
    "record_usage",
    "stop_pack",
]
