"""The largest everyday study, by the model alone, on one core: seconds and the memory of the whole process."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure import Row, Size, Target, spread

_SECONDS = 2.0
_MEGABYTES = 300.0
_CHILD = r"""
import os, re, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from dramatis_simulation_engine.warming import warm_up
from dramatis_simulation_engine.focus_group.model import simulate
from dramatis_contracts.simulation_engine.v1 import FocusGroup
from dramatis_engines.example import focus_group
asked = focus_group([])
asked["persona_configuration"] |= {"mode": "segment", "generated_count": 1000}
asked["simulation_parameters"] |= {"iterations": 1000}
study = FocusGroup.model_validate(asked)
warm_up()
started = time.perf_counter()
simulate(study, (), seed=1)
seconds = time.perf_counter() - started
# Not getrusage: its peak is inherited from the process that started this one.
print(seconds, int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One study in a process of its own: wall-clock seconds, and the most memory in MiB (imports included)."""

    seconds: float
    megabytes: float


async def measure(size: Size) -> list[Row]:
    runs = [_run() for _ in range(size.of(5, 15))]
    seconds, megabytes = [r.seconds for r in runs], [r.megabytes for r in runs]
    return [
        _row("model", "1,000 people × 3 scenarios × 1,000, one core", "s", seconds, f"< {_SECONDS:g} s", _SECONDS),
        _row("model-memory", "the same: memory of the process", "MiB", megabytes, f"< {_MEGABYTES:g} MiB", _MEGABYTES),
    ]


def _run() -> Run:
    done = subprocess.run([sys.executable, "-c", _CHILD], capture_output=True, text=True, check=True, timeout=120)
    seconds, megabytes = map(float, done.stdout.split())
    return Run(seconds, megabytes)


def _row(name: str, what: str, unit: str, values: Sequence[float], words: str, limit: float) -> Row:
    found = spread(values)
    return Row(
        name=name,
        what=what,
        n=f"{len(values)} processes",
        unit=unit,
        ours=found,
        target=Target(words, found.median < limit),
    )
