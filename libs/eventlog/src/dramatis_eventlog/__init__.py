"""The append-only event log on MongoDB: append, read, snapshots, relay."""

from dramatis_eventlog.aggregates import Aggregate, Loaded
from dramatis_eventlog.causes import cause_of
from dramatis_eventlog.commits import Cause, Commit, StreamId, VersionConflict
from dramatis_eventlog.log import EventLog
from dramatis_eventlog.snapshots import NEWEST_FIRST, Snapshot, Snapshots

__all__ = [
    "NEWEST_FIRST",
    "Aggregate",
    "Cause",
    "Commit",
    "EventLog",
    "Loaded",
    "Snapshot",
    "Snapshots",
    "StreamId",
    "VersionConflict",
    "cause_of",
]
