"""Failures of commands, in words for the person at the terminal."""


class CommandFailed(Exception):
    """A command cannot do what it was asked; the message is one line."""


def hush() -> None:
    """Keep the libraries' log lines out of a command's output: what matters is raised."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)


def explained(fault: BaseException) -> str | None:
    """One line for a failure that a user can cause or mend; None for a defect, which deserves its traceback."""
    while isinstance(fault, BaseExceptionGroup) and len(fault.exceptions) == 1:
        fault = fault.exceptions[0]
    if isinstance(fault, CommandFailed):
        return str(fault)
    module, name = type(fault).__module__, type(fault).__name__
    if name in ("UnknownService", "UnknownProjection"):
        return f"there is no {fault}"
    if module.startswith("dramatis_") and name in _OURS:
        return str(fault)
    if module.startswith(("pydantic", "pydantic_settings")) and name in ("ValidationError", "SettingsError"):
        return _settings_line(fault)
    if module.startswith(_ENGINE_DRIVERS) or isinstance(fault, TimeoutError | ConnectionError):
        return (
            f"an engine does not answer ({name}: {_first_line(fault)}). Is the platform running? See `dramatis doctor`"
        )
    return None


_OURS = frozenset({"Rejected", "Unavailable", "Fault", "EngineFailed"})
_ENGINE_DRIVERS = ("pymongo", "nats", "clickhouse_connect", "httpx", "httpcore", "urllib3")


def _first_line(fault: BaseException) -> str:
    text = str(fault).partition("\n")[0].partition(" (configured")[0]
    return text if len(text) <= 160 else text[:157] + "…"


def _settings_line(fault: BaseException) -> str:
    """The first setting that is wrong, by the name of its environment variable."""
    errors = getattr(fault, "errors", None)
    if not callable(errors):
        return _first_line(fault)
    first = errors()[0]
    variable = "DRAMATIS_" + "_".join(str(part) for part in first["loc"]).upper()
    return f"{variable}: {first['msg']}"
