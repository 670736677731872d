"""What the supervisor says: calm lines, with colour on a terminal and without it elsewhere."""

import time
from typing import IO

from rich.console import Console
from rich.markup import escape


class Voice:
    """Writes lines at once and never wraps them, so that they can be copied and searched."""

    def __init__(self, file: IO[str] | None = None) -> None:
        self.console = Console(file=file, highlight=False, soft_wrap=True)
        self._begun = time.monotonic()

    @property
    def on_terminal(self) -> bool:
        return self.console.is_terminal

    def elapsed(self) -> float:
        """Seconds since the platform began to start."""
        return time.monotonic() - self._begun

    def line(self, text: str = "") -> None:
        self.console.print(text, markup=False)

    def title(self, text: str) -> None:
        self.console.print(f"[bold]{escape(text)}[/bold]")

    def fact(self, name: str, text: str) -> None:
        """One line of a list: a name and what belongs to it."""
        self.console.print(f"  [dim]{escape(name.ljust(9))}[/dim] {escape(text)}")

    def notice(self, text: str) -> None:
        """Something that a person should know and need not act upon at once."""
        self.console.print(f"[yellow]{escape(text)}[/yellow]")

    def problem(self, text: str) -> None:
        self.console.print(f"[red]{escape(text)}[/red]")
