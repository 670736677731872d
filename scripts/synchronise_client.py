"""Write the synchronous Python client from the asynchronous one, or with --check fail when it is not what that gives.

One source for both, by replacing words: what cannot be had so is in each flavour's `_io.py`.
"""

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "libs/client-python/src/tinytroupe_client"
BY_HAND = {"__init__.py", "_io.py"}
NOTICE = "# Generated from _async by scripts/synchronise_client.py: edit there.\n"

WORDS = (
    (r"async (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAwaitable\[((?:[^\[\]]|\[[^\[\]]*\])*)\]", r"\1"),
    (r"import Awaitable, ", "import "),
    (r"__a(enter|exit|iter|next)__", r"__\1__"),
    (r"\ba(close|read|next)\b", r"\1"),
    (r"\baclosing\b", "closing"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\bAsync([A-Z])", r"\1"),
    (r"_async\b", "_sync"),
    (r"  # noqa: ASYNC109[^\n]*", ""),
)


def synchronous(source: str) -> str:
    for pattern, replacement in WORDS:
        source = re.sub(pattern, replacement, source)
    return formatted(NOTICE + source)


def formatted(source: str) -> str:
    for step in (["check", "--fix-only", "--unsafe-fixes", "--select", "I,UP028"], ["format"]):
        command = [sys.executable, "-m", "ruff", *step, "-q", "--stdin-filename", str(PACKAGE / "_sync/x.py"), "-"]
        source = subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
    return source


def files() -> dict[Path, str]:
    sources = [path for path in sorted((PACKAGE / "_async").glob("*.py")) if path.name not in BY_HAND]
    return {PACKAGE / "_sync" / path.name: synchronous(path.read_text()) for path in sources}


def main() -> int:
    wrong = [path for path, content in files().items() if not path.is_file() or path.read_text() != content]
    if sys.argv[1:] == ["--check"]:
        print(
            "\n".join(f"{path} is not what _async gives: run scripts/synchronise_client.py" for path in wrong), end=""
        )
        return bool(wrong)
    for path, content in files().items():
        path.write_text(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
