"""Events into ClickHouse against bare inserts of the same columns, and a rebuild from the log."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import clickhouse_connect
from bson import encode
from bson.raw_bson import RawBSONDocument
from clickhouse_connect.driver.client import Client as HttpClient

from bench.engines import engine, folder
from bench.events import commits
from bench.measure import Pair, Row, Size, Target, ours_of, ratio_of, reference_of, spread
from dramatis_bus import Received
from dramatis_engines.clickhouse import start_clickhouse
from dramatis_engines.mongod import start_mongod
from dramatis_eventlog import EventLog
from dramatis_eventlog.commits import document_of
from dramatis_eventlog.log import COLLECTION
from dramatis_kit import new_id, utc_now
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect
from dramatis_kit.settings import Settings
from dramatis_projections.client import ClickHousePool, Row as Values
from dramatis_projections.events import EVENTS
from dramatis_projections.migrations import migration_resources
from dramatis_projections.projector import PROJECTED_AT, Projector, consumer_of
from dramatis_projections.rebuild import BATCH, rebuild
