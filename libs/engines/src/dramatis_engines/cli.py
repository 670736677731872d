"""The `dramatis` command line. Commands import what they need when they run: `--help` stays quick."""

import sys
from typing import Annotated, NoReturn

import typer

app = typer.Typer(
    name="dramatis",
    help="Ask a simulated audience; get an answer whose accuracy is known.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
events = typer.Typer(help="The feed of events.", no_args_is_help=True)
parked = typer.Typer(help="Aggregates that a consumer could not go on with.", no_args_is_help=True)
app.add_typer(events, name="events")
app.add_typer(parked, name="parked")

_QUIET = frozenset({"provision", "rebuild", "events", "doctor", "parked"})
"""Commands whose output is an answer; `up` and `serve` have logs."""

Hold = Annotated[bool, typer.Option(hidden=True)]


def fail(message: str, code: int = 1) -> NoReturn:
    """End with one line on standard error."""
    typer.echo(f"dramatis: {message}", err=True)
    raise typer.Exit(code)


@app.command()
def up(*, demo: Annotated[bool, typer.Option(help="Play the demonstration once, on the first start.")] = True) -> None:
    """Start the engines and all services here, and keep serving until Ctrl-C."""
    from dramatis_engines.console import Voice

    voice = Voice()
    from dramatis_engines.settings import PlatformSettings
    from dramatis_engines.supervisor import up as run

    raise typer.Exit(run(PlatformSettings(), voice, demo=demo))


@app.command()
def serve(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Services, as `dramatis doctor` lists them.")],
    *,
    provision: Annotated[bool, typer.Option(help="First make what these services need: streams, indexes …")] = False,
    hold: Hold = False,
) -> None:
    """Run services in this process until SIGTERM. The engines' addresses come from the environment."""
    from dramatis_engines.serving import serve as run

    run(names, prepare=provision, hold=hold)


@app.command()
def provision(
    *,
    check: Annotated[bool, typer.Option(help="Change nothing; exit code 1 when something differs.")] = False,
    quiet: Annotated[bool, typer.Option(help="Print nothing but errors.")] = False,
) -> None:
    """Make streams, consumers, indexes and tables as the installed services declare them, and report what differed."""
    from dramatis_engines.serving import provision as run

    differing = run(check=check)
    if not quiet:
        for drift in differing:
            typer.echo(f"{drift.kind} {drift.name}: {drift.what}")
        typer.echo(_differences(len(differing), check=check))
    if check and differing:
        raise typer.Exit(1)


def _differences(count: int, *, check: bool) -> str:
    if not count:
        return "Everything is as declared."
    return f"{count} not as declared." if check else f"{count} made as declared."


@app.command()
def rebuild(name: Annotated[str, typer.Argument(help="A projection, for example `events`.")]) -> None:
    """Build a projection anew from the log beside the live one, then swap them."""
    from dramatis_engines.commands import rebuild as run

    run(name)


@events.command()
def tail(
    *,
    types: Annotated[str, typer.Option(help="Only these event types, separated by commas.")] = "",
    subject: Annotated[str, typer.Option(help="Only this aggregate, for example `pers_…`.")] = "",
    since: Annotated[str, typer.Option(help="Begin after this position; `0` is the beginning.")] = "",
    url: Annotated[str, typer.Option(envvar="DRAMATIS_URL", help="The gateway; of this directory if absent.")] = "",
    api_key: Annotated[str, typer.Option(envvar="DRAMATIS_API_KEY", help="Of this directory if absent.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Whole events, one JSON object a line.")] = False,
) -> None:
    """Show events as they happen, from the gateway's feed."""
    from dramatis_engines.tail import Query, run

    run(Query(types=types, subject=subject, since=since), url=url, api_key=api_key, as_json=as_json)


@app.command()
def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what is installed, reachable, drifting and lagging. Exit code 1 when something is wrong."""
    from dramatis_engines.doctor import doctor as run

    raise typer.Exit(run(as_json=as_json))


@app.command()
def key() -> None:
    """Print the development API key of this data directory."""
    from dramatis_engines.credentials import development_credentials

    typer.echo(development_credentials().api_key)


Consumer = Annotated[str, typer.Argument(help="As `dramatis parked list` shows it.")]
Subject = Annotated[str, typer.Argument(help="The id of the parked aggregate.")]
Tenant = Annotated[str, typer.Option(help="Needed when several tenants have one of this id.")]


@parked.command("list")
def parked_list(*, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List what is parked, oldest first."""
    from dramatis_engines.commands import list_parked

    list_parked(as_json=as_json)


@parked.command()
def retry(consumer: Consumer, subject: Subject, *, tenant: Tenant = "") -> None:
    """Handle the parked events of an aggregate again, in order."""
    from dramatis_engines.commands import settle

    settle("retry", consumer, subject, tenant)


@parked.command()
def discard(
    consumer: Consumer,
    subject: Subject,
    *,
    tenant: Tenant = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give the parked events of an aggregate up for this consumer. They stay in the event log."""
    from dramatis_engines.commands import settle

    if not yes:
        typer.confirm(f"Give up the events of {subject} that {consumer} could not handle?", abort=True)
    settle("discard", consumer, subject, tenant)


def main() -> None:
    """The entry point: a failure that its user can understand is one line, not a stack trace."""
    from dramatis_engines.failures import explained, hush

    if set(sys.argv[1:2]) & _QUIET:
        hush()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as fault:
        if (words := explained(fault)) is None:
            raise
        typer.echo(f"dramatis: {words}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
