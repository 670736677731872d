"""Calls to addresses that others chose: which may be called, and how their pages are read."""

from dramatis_outbound.guard import Guard, RefusedAddress
from dramatis_outbound.pages import Limits, NotReadable, Page, Pages
from dramatis_outbound.resolver import DaemonResolver

__all__ = ["DaemonResolver", "Guard", "Limits", "NotReadable", "Page", "Pages", "RefusedAddress"]
