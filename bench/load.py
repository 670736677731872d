"""How much of the machine other programs used during a benchmark, from the kernel's own accounts (proc(5))."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_DISTURBED = 0.1
"""Share of the processors beyond which figures say as much about the other programs."""


@dataclass(frozen=True, slots=True)
class Account:
    """Seconds of processor time since boot, over all processors, and since its start for this process's family."""

    all: float
    busy: float
    own: float


def account() -> Account:
    """The state now. Children count once they have ended, so take it between benchmarks."""
    user, nice, system, idle, iowait, *rest = map(int, _totals())
    busy = user + nice + system + sum(rest[:3])
    return Account((busy + idle + iowait) / _TICKS, busy / _TICKS, sum(os.times()[:4]))


def others(before: Account, after: Account) -> float:
    """The share of all processors, 0 to 1, that other programs had in between."""
    foreign = (after.busy - before.busy) - (after.own - before.own)
    return max(0.0, foreign) / max(1e-9, after.all - before.all)


def disturbance(share: float) -> str | None:
    """What to say about it, if anything."""
    if share < _DISTURBED:
        return None
    return f"other programs used up to {share:.0%} of the processors meanwhile"


def _totals() -> list[str]:
    """The line `cpu`: user, nice, system, idle, iowait, irq, softirq, steal …"""
    return Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
