"""What a campaign tests: channels × messages × timing, each a configuration; and what is wrong with a request. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dramatis_contracts.simulation_engine.marketing import Campaign, ChannelMessages, MarketingCampaign, ObservedRates
from dramatis_kit import Rejected
from dramatis_simulation_engine.marketing.channels import Place, load_channels
from dramatis_simulation_engine.marketing.funnel import Observed
from dramatis_simulation_engine.marketing.messages import Content, load_reader
from dramatis_simulation_engine.marketing.questions import Exposure
from dramatis_simulation_engine.marketing.tastes import load_assumptions
from dramatis_simulation_engine.marketing.timing import part_of_day

STAGES = ("open_rate", "click_rate", "inquiry_rate", "showing_request")
MOST = 200
"""Configurations of one campaign: more could not be told apart, and their results would not fit into one reply."""
_KINDS = (
    ("subject_lines", "subject_line"),
    ("headlines", "headline"),
    ("content_variants", "content_variant"),
)


@dataclass(frozen=True)
class Message:
    """One message of a channel. `kind` is what the client calls it; None where only the channel is tested."""

    channel: str
    place: Place
    kind: str | None
    text: str | None
    platform: str | None
    hook: Content | None
    body: Content | None
    cta: Content | None

    @property
    def understood(self) -> bool:
        """Whether anything is known of it; where nothing is said, the channel alone is tested."""
        return self.hook is None or self.hook.understood

    @property
    def label(self) -> str:
        quoted = f"'{self.text}'" if self.text else None
        return " · ".join(filter(None, (self.channel, self.platform, quoted)))


@dataclass(frozen=True)
class Configuration:
    """A message at a day and a time."""

    message: Message
    day: str
    time: str

    @property
    def send_time(self) -> str:
        return f"{self.day}_{self.time}"

    @property
    def label(self) -> str:
        return f"{self.message.label} · {self.day} {self.time}"

    def as_json(self) -> dict[str, str]:
        """In the words of the request."""
        message = self.message
        named = {"channel": message.channel, message.kind or "": message.text, "platform": message.platform}
        found = {key: value for key, value in named.items() if key and value}
        return {**found, "send_time": self.send_time}


def stages_of(study: MarketingCampaign) -> tuple[str, ...]:
    """Every stage down to the deepest one that is asked for."""
    deepest = max(STAGES.index(metric) for metric in study.success_metrics)
    return STAGES[: deepest + 1]


def metrics_of(study: MarketingCampaign) -> tuple[str, ...]:
    """What is reported, down the funnel. The last one is optimised."""
    return tuple(stage for stage in STAGES if stage in study.success_metrics)


def observed_in(study: MarketingCampaign) -> dict[str, Observed]:
    """Measured rates by channel; a channel without any rate is left out."""
    found = {name: Observed(_rates(rates), rates.sent) for name, rates in study.observed_rates.items()}
    return {name: observed for name, observed in found.items() if observed.rates}


def _rates(observed: ObservedRates) -> dict[str, float]:
    stated = observed.model_dump(include=set(STAGES), exclude_none=True)
    return {stage: stated[stage] for stage in STAGES if stage in stated}


# Reading


def messages_of(campaign: Campaign) -> Iterator[Message]:
    """Every message of every channel, in the order of the request."""
    for channel in campaign.channels:
        given = campaign.messages.get(channel, ChannelMessages())
        body = _read(given.body_template, "body")
        cta = _read(given.cta, "cta")
        texts: list[tuple[str, str]] = [(kind, text) for field, kind in _KINDS for text in getattr(given, field)]
        tested: list[tuple[str | None, str | None]] = [*texts] or [(None, None)]
        for kind, text in tested:
            hook = _read(text, "hook")
            for platform in given.platforms or (None,):
                yield Message(channel, _place(channel, platform), kind, text, platform, hook, body, cta)


def _place(channel: str, platform: str | None) -> Place:
    known = load_channels()
    found = known.channel(channel) if platform is None else known.platform(platform)
    if found is None:
        raise ValueError(f"unknown channel or platform: {channel} {platform or ''}")
    return found


@lru_cache(maxsize=512)
def _read(text: str | None, part: str) -> Content | None:
    """What only has placeholders and dots, such as "...", says nothing and is no text."""
    if text is None or not any(c.isalnum() for c in text):
        return None
    return load_reader().read(text, part)


def configurations_of(campaign: Campaign) -> tuple[Configuration, ...]:
    """Messages that are understood × days × times."""
    timing = campaign.timing
    return tuple(
        Configuration(message, day, time)
        for message in messages_of(campaign)
        if message.understood
        for day in timing.send_day
        for time in timing.send_time
    )


def exposure_of(configuration: Configuration, campaign: Campaign) -> Exposure:
    """A configuration as it reaches people."""
    message = configuration.message
    given = campaign.messages.get(message.channel, ChannelMessages())
    shown = [f"{message.place.title}, {configuration.day} at {configuration.time}"]
    shown += [
        f"{name}: {text}" for name, text in (("text", given.body_template), ("call to action", given.cta)) if text
    ]
    return Exposure(
        configuration.label,
        message.place,
        hook=message.hook,
        body=message.body,
        cta=message.cta,
        day=configuration.day,
        part=part_of_day(configuration.time, load_assumptions()),
        shown="; ".join(shown),
    )


def unread_in(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """(field, word) of what the messages say and nobody here understands, in the order of the request."""
    for channel in campaign.channels:
        given = campaign.messages.get(channel, ChannelMessages())
        where = f"campaign.messages.{channel}"
        for field, _ in _KINDS:
            for index, text in enumerate(getattr(given, field)):
                yield from _unread(f"{where}.{field}[{index}]", _read(text, "hook"))
        yield from _unread(f"{where}.body_template", _read(given.body_template, "body"))
        yield from _unread(f"{where}.cta", _read(given.cta, "cta"))


def _unread(where: str, content: Content | None) -> Iterator[tuple[str, str]]:
    for word in content.unrecognized if content is not None else ():
        yield where, word


# Checks


def check_campaign(study: MarketingCampaign) -> None:
    """Raises `Rejected` where nobody is asked, for channels and platforms that are not known, for too much, and for
    rates that contradict one another."""
    if not study.target_personas and study.persona_configuration is None:
        raise _invalid("target_personas", "target_personas or persona_configuration must say who is asked")
    for field, issue in faults_in(study.campaign):
        raise _invalid(f"campaign.{field}" if field else "campaign", issue)
    _check_rates(study)


def faults_in(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """(field, issue) of channels and platforms that are not known, and ("", issue) of too many configurations."""
    yield from _unknown_channels(campaign.channels)
    for channel, messages in campaign.messages.items():
        yield from _unknown_platforms(channel, messages.platforms)
    if (count := count_of(campaign)) > MOST:
        yield "", f"channels × messages × days × times make {count} configurations, more than the limit of {MOST}"


def _unknown_channels(channels: Sequence[str]) -> Iterator[tuple[str, str]]:
    known = load_channels()
    meant: dict[str, str] = {}
    for index, channel in enumerate(channels):
        place = known.channel(channel)
        if place is None:
            yield f"channels[{index}]", f"unknown channel '{channel}'; known: {', '.join(known.channels)}"
        elif (same := meant.setdefault(place.name, channel)) != channel:
            yield f"channels[{index}]", f"'{channel}' is the same channel as '{same}'"


def count_of(campaign: Campaign) -> int:
    """How many configurations a campaign has."""
    times = len(campaign.timing.send_day) * len(campaign.timing.send_time)
    return times * sum(_messages(campaign.messages.get(channel, ChannelMessages())) for channel in campaign.channels)


def _messages(given: ChannelMessages) -> int:
    texts = sum(len(getattr(given, field)) for field, _ in _KINDS)
    return max(1, texts) * max(1, len(given.platforms))


def _unknown_platforms(channel: str, platforms: Sequence[str]) -> Iterator[tuple[str, str]]:
    known = load_channels()
    place = known.channel(channel)
    offered = place.platforms if place is not None else ()
    for index, text in enumerate(platforms):
        found = known.platform(text)
        if found is None or found.name not in offered:
            names = f"known: {', '.join(offered)}" if offered else f"{channel} has no platforms"
            yield f"messages.{channel}.platforms[{index}]", f"unknown platform '{text}'; {names}"


def _check_rates(study: MarketingCampaign) -> None:
    for channel, observed in study.observed_rates.items():
        where = f"observed_rates.{channel}"
        if channel not in study.campaign.channels:
            known = ", ".join(study.campaign.channels)
            raise _invalid(where, f"'{channel}' is not among the channels of the campaign: {known}")
        highest = 1.0
        for stage, rate in _rates(observed).items():
            if rate > highest:
                raise _invalid(
                    f"{where}.{stage}", "a later stage cannot have a higher rate: all are shares of those sent"
                )
            if rate in (0.0, 1.0) and observed.sent is None:
                raise _invalid(f"{where}.sent", f"a rate of {rate:.0f} says little without how many were sent")
            highest = rate


def _invalid(field: str, issue: str) -> Rejected:
    return Rejected("INVALID_SIMULATION", "The simulation asked for is invalid.", field=field, issue=issue)
