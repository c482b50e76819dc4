"""What is done with usage: open meters, count records once, end a plan whose time is over."""

from fairroam.apps.metering.operations.count import Counted, record_page, record_usage
from fairroam.apps.metering.operations.run import end_plans, open_meters

__all__ = ["Counted", "end_plans", "open_meters", "record_page", "record_usage"]
