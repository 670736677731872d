"""Write requirements.lock, or with --check fail when it is not what the pyproject files ask for.

The lock holds pins only: no addresses and no hashes. Existing pins are kept unless a requirement forbids them.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"


def requirements() -> list[str]:
    files = [ROOT / "pyproject.toml", *sorted(ROOT.glob("contracts/pyproject.toml"))]
    files += sorted(ROOT.glob("libs/*/pyproject.toml")) + sorted(ROOT.glob("services/*/pyproject.toml"))
    found: set[str] = set()
    for file in files:
        config = tomllib.loads(file.read_text())
        found.update(config["project"]["dependencies"])
        found.update(config.get("dependency-groups", {}).get("dev", []))
    return sorted(line for line in found if not line.startswith("dramatis-"))


def compile_lock(output: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv") or "uv"
    command = [uv, "pip", "compile", "-", "--universal", "--python-version", "3.11", "--quiet"]
    command += ["--no-header", "--no-annotate", "--output-file", str(output)]
    subprocess.run(command, input="\n".join(requirements()), text=True, check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    if sys.argv[1:] != ["--check"]:
        compile_lock(LOCK)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "requirements.lock"
        shutil.copy(LOCK, fresh)
        compile_lock(fresh)
        if fresh.read_text() != LOCK.read_text():
            print("requirements.lock is not what the pyproject files ask for: run `make lock`")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
