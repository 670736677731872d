"""Fail unless the commands under the README's heading "Two commands" are exactly the arguments, in order."""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def commands() -> list[str]:
    section = README.read_text().split("## Two commands", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```console\n(.*?)```", section, flags=re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def main() -> int:
    if commands() != sys.argv[1:]:
        print(f"README: {commands()}; run here: {sys.argv[1:]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
