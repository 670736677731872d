"""What is shipped: a wheel that brings its types, and two flavours of one source."""

import subprocess
import sys
import zipfile
from pathlib import Path

UNIT = Path(__file__).resolve().parents[1]
ROOT = UNIT.parents[1]


def test_the_synchronous_client_is_what_the_asynchronous_one_gives() -> None:
    command = [sys.executable, str(ROOT / "scripts/synchronise_client.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_wheel_has_the_types_and_needs_nothing_of_ours(tmp_path: Path) -> None:
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", build], cwd=UNIT, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(tmp_path / done.stdout.strip()) as wheel:
        names = set(wheel.namelist())
        (metadata,) = (wheel.read(name).decode() for name in names if name.endswith("/METADATA"))
    assert {"tinytroupe_client/py.typed", "tinytroupe_client/_sync/client.py"} <= names
    assert not [name for name in names if "tests" in name]
    assert "dramatis" not in "".join(line for line in metadata.splitlines() if line.startswith("Requires-Dist"))
