"""What is done with usage: open meters, count records once, end a plan whose time is over."""

from fairroam.apps.metering.operations.arrivals import Arrival, arrival_of
from fairroam.apps.metering.operations.aside import SeenUse, count_aside, put_away
from fairroam.apps.metering.operations.count import Counted, record_many, record_page, record_usage
from fairroam.apps.metering.operations.gifts import extend_period, grant_extra
from fairroam.apps.metering.operations.importing import (
    CHUNK_BYTES,
    Chunk,
    Content,
    count_chunk,
    open_import,
    read_chunks,
    receive_file,
)
from fairroam.apps.metering.operations.rows import COLUMNS, RowReader
from fairroam.apps.metering.operations.run import end_plans, open_meters, stop_pack

__all__ = [
    "CHUNK_BYTES",
    "COLUMNS",
    "Arrival",
    "Chunk",
    "Content",
    "Counted",
    "RowReader",
    "SeenUse",
    "arrival_of",
    "count_aside",
    "count_chunk",
    "end_plans",
    "extend_period",
    "grant_extra",
    "open_import",
    "open_meters",
    "put_away",
    "read_chunks",
    "receive_file",
    "record_many",
    "record_page",
    "record_usage",
    "stop_pack",
]
