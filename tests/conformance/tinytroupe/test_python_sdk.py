"""The Python client over a whole platform: the specification's example as printed, its README, and every resource."""

import asyncio
import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from dramatis_testkit.platforms import RunningPlatform, wait_for
from dramatis_testkit.receiver import receiving
from tinytroupe_client import (
    AsyncTinyTroupeClient,
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    TinyTroupeClient,
    UnprocessableEntityError,
    WebhookVerificationError,
    webhooks,
)
from tinytroupe_client.models import Batch, PropertyMatch

README = Path(__file__).parents[3] / "libs/client-python/README.md"
DEADLINE = 60

SPECIFICATION = """
## SDK Examples

### Python SDK
```python
from tinytroupe_client import TinyTroupeClient

client = TinyTroupeClient(api_key="your_api_key")

# Create persona
persona = client.personas.create(
    name="John Smith",
    demographics={
        "age_range": "45-55",
        "occupation": "Hedge Fund Manager"
    }
)

# Run focus group
simulation = client.simulations.focus_group(
    property_id="prop_123",
    persona_segments=["finance_executives"],
    test_scenarios=["photo_selection", "pricing"]
)

# Wait for results
results = simulation.wait_for_completion()
print(results.recommendations)
```
"""
"""As published, byte for byte."""

PHOTOS = ["Sunset over the terrace", "Living room with city views", "Building from the street"]


def blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def base_url(platform: RunningPlatform) -> str:
    return f"{platform.url}/v1"


@pytest.fixture
def client(platform: RunningPlatform, base_url: str) -> Iterator[TinyTroupeClient]:
    with TinyTroupeClient(platform.api_key, base_url=base_url) as opened:
        yield opened


@pytest.fixture
async def aclient(platform: RunningPlatform, base_url: str) -> AsyncIterator[AsyncTinyTroupeClient]:
    async with AsyncTinyTroupeClient(platform.api_key, base_url=base_url) as opened:
        yield opened


@pytest.fixture
def home(client: TinyTroupeClient) -> str:
    """A property that the platform knows."""
    made = client.properties.create(
        price=45_000_000,
        type="penthouse",
        locations=["Manhattan"],
        features=["home_office", "pool"],
        photos=[{"caption": caption} for caption in PHOTOS],
    )
    return made.id


def unique(name: str) -> str:
    """Nobody else of the session is called so."""
    return f"{name} {uuid4().hex[:8]}"


def run(script: str, platform: RunningPlatform) -> str:
    """What a script prints that a user runs with nothing but the environment."""
    environment = {**os.environ, "TINYTROUPE_BASE_URL": f"{platform.url}/v1", "TINYTROUPE_API_KEY": platform.api_key}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=DEADLINE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_printed_example_runs_as_it_is(client: TinyTroupeClient, platform: RunningPlatform) -> None:
    """Only the two placeholders are filled in: the key `your_api_key` and the property `prop_123`."""
    (example,) = blocks(SPECIFICATION)
    property_id = f"prop_{uuid4().hex}"
    client.properties.create(id=property_id, price=45_000_000, photos=[{"caption": caption} for caption in PHOTOS])
    before = client.personas.list(page_size=1).first_page().total or 0
    assert example.count("your_api_key") == example.count("prop_123") == 1
    printed = run(example.replace("your_api_key", platform.api_key).replace("prop_123", property_id), platform)
    assert "Recommendation(action=" in printed
    assert client.personas.list(page_size=1).first_page().total == before + 1
    newest = client.simulations.list(type="focus_group", page_size=1).first_page().items[0]
    results = newest.results()
    assert results.detailed_results
    assert {"photo_preferences", "pricing_sensitivity"} <= set(results.detailed_results)
    assert printed.strip() == str(results.recommendations)


def test_every_block_of_the_readme_runs(platform: RunningPlatform) -> None:
    printed = run("\n".join(blocks(README.read_text())), platform)
    assert "persona.created.v1" in printed
    assert "INVALID_PERSONA demographics.age_range" in printed
    assert re.search(r"^result 1\.0$", printed, flags=re.MULTILINE)


def test_an_agents_key_opens_less_than_the_brokerages(client: TinyTroupeClient, base_url: str) -> None:
    issued = client.api_keys.create(name="Ann's laptop", agent_id="agt_1", team_id="team_1")
    assert issued.key
    assert issued.id in [key.id for key in client.api_keys.list()]
    with TinyTroupeClient(issued.key, base_url=base_url, max_retries=0) as agent:
        assert agent.segments.list()
        with pytest.raises(PermissionDeniedError):
            agent.events.list().first_page()
        client.api_keys.delete(issued.id)
        with pytest.raises(AuthenticationError):
            agent.segments.list()


def test_a_personas_analytics_are_of_the_days_and_metrics_asked_for(client: TinyTroupeClient) -> None:
    persona = client.personas.create(name=unique("Ann"))
    analytics = client.personas.analytics(
        persona.id, date_from=dt.date(2026, 1, 1), date_to="2026-01-31", metrics=["engagement", "predictions"]
    )
    assert analytics.period == "2026-01-01 to 2026-01-31"
    assert analytics.engagement_metrics
    assert analytics.engagement_metrics.properties_viewed == 0
    assert analytics.predictions
    assert analytics.preference_evolution is None


def test_a_persona_is_put_aside_and_taken_back(client: TinyTroupeClient) -> None:
    persona = client.personas.create(name=unique("Ann"), segments=["finance_executives"])
    assert client.personas.archive(persona.id).status == "archived"
    assert persona.id in [found.id for found in client.personas.list(status="archived")]
    assert persona.id not in [found.id for found in client.personas.list(segment="finance_executives")]
    assert client.personas.restore(persona.id).status == "active"
    assert persona.id in [found.id for found in client.personas.list(segment="finance_executives")]


def test_the_same_person_twice_is_a_conflict(client: TinyTroupeClient) -> None:
    name, source = unique("Ann"), f"https://linkedin.com/in/{uuid4().hex}"
    client.personas.create(name=name, enrichment_sources=[{"type": "linkedin", "url": source}])
    with pytest.raises(ConflictError) as conflict:
        client.personas.create(name=name, enrichment_sources=[{"type": "linkedin", "url": source}])
    assert conflict.value.code == "DUPLICATE_PERSONA"


def test_a_persona_is_created_read_changed_listed_and_deleted(client: TinyTroupeClient) -> None:
    name = unique("Ann Lee")
    created = client.personas.create(
        name=name,
        visibility="brokerage",
        preferences={"must_have_features": ["pool"], "preferred_locations": ("Manhattan",)},
        behavioral_traits={"risk_tolerance": "high"},
        enrichment_sources=[{"type": "linkedin", "url": "https://linkedin.com/in/annlee"}],
    )
    assert (created.status, created.created_at.tzinfo) == ("active", dt.UTC)
    read = client.personas.get(created.id)
    assert (read.name, read.preferences.must_have_features) == (name, ("pool",))
    changed = client.personas.update(created.id, demographics={"age_range": "35-45"})
    assert changed.demographics.age_range == "35-45"
    # What was read can be sent back.
    assert client.request("PATCH", f"/personas/{created.id}", given={"preferences": read.preferences})["version"] == 2
    assert created.id in [persona.id for persona in client.personas.list(visibility="brokerage", page_size=3)]
    client.personas.delete(created.id)
    with pytest.raises(NotFoundError):
        client.personas.get(created.id)


def test_errors_are_those_of_the_platform(client: TinyTroupeClient, platform: RunningPlatform, base_url: str) -> None:
    with pytest.raises(UnprocessableEntityError) as invalid:
        client.personas.create(name="Ann", demographics={"age_range": "old"})
    assert (invalid.value.code, invalid.value.field) == ("INVALID_PERSONA", "demographics.age_range")
    assert invalid.value.documentation_url
    assert invalid.value.request_id == invalid.value.headers["x-request-id"]
    with pytest.raises(NotFoundError):
        client.simulations.focus_group(property_id="prop_unknown", persona_segments=["finance_executives"])
    with TinyTroupeClient("wrong", base_url=base_url) as stranger, pytest.raises(AuthenticationError):
        stranger.segments.list()
    other = TinyTroupeClient(platform.api_key, base_url=base_url, brokerage_id="brk_other")
    with other, pytest.raises(PermissionDeniedError):
        other.segments.list()


def test_a_property_is_listed_changed_matched_and_withdrawn(client: TinyTroupeClient, home: str) -> None:
    changed = client.properties.update(home, price=44_000_000)
    assert (changed.price, changed.photos[0].caption) == (44_000_000, PHOTOS[0])
    assert home in [found.id for found in client.properties.list(type="penthouse", min_price=1, page_size=2)]
    with pytest.raises(ConflictError):
        client.properties.create(id=home, price=1)
    persona = client.personas.create(
        name=unique("Maya Chen"),
        visibility="brokerage",
        demographics={"net_worth_range": "$50M-$100M"},
        preferences={"property_types": ["penthouse"], "preferred_locations": ["Manhattan"]},
    )

    def found() -> PropertyMatch | None:
        sought = client.matching.client_to_properties(persona_id=persona.id, output_options={"max_results": 50})
        return next((match for match in sought.matches if match.property_id == home), None)

    match = wait_for("the projection knows the property", found, DEADLINE)
    assert match.reasoning
    assert sum(term.contribution for term in match.reasoning.terms) == pytest.approx(match.match_score, abs=1e-3)
    client.properties.delete(home)
    assert home not in [found.id for found in client.properties.list()]


def test_clients_are_found_for_a_property(client: TinyTroupeClient, home: str) -> None:
    persona = client.personas.create(
        name=unique("John Smith"), visibility="brokerage", preferences={"preferred_locations": ["Manhattan"]}
    )

    def found() -> bool:
        matches = client.matching.property_to_clients(
            property_id=home,
            client_pool={"source": "brokerage", "filters": {"preferred_locations": ["Manhattan"]}},
            matching_criteria={"weights": {"preference_match": 1}, "minimum_score": 0.0},
            output_options={"max_results": 100},
        )
        return persona.id in [match.persona_id for match in matches.matches]

    wait_for("the projection knows the persona", found, DEADLINE)


def test_a_kept_campaign_is_tested_by_its_id(client: TinyTroupeClient) -> None:
    kept = client.campaigns.create(
        name="Luxury Waterfront Campaign",
        channels=["email"],
        messages={"email": {"subject_lines": ["Exclusive: New Waterfront Estate", "Your Dream Home Awaits"]}},
        timing={"send_day": "tuesday|thursday", "send_time": ["09:00", "14:00"]},
    )
    assert client.campaigns.update(kept.id, name="Waterfront").name == "Waterfront"
    assert kept.id in [campaign.id for campaign in client.campaigns.list(channel="email")]
    persona = client.personas.create(name=unique("Ann"), visibility="brokerage")
    simulation = client.simulations.marketing_campaign(
        campaign_id=kept.id, target_personas=[persona.id], success_metrics=["open_rate"]
    )
    results = simulation.wait_for_completion(timeout=DEADLINE)
    assert results.predicted_results
    assert simulation.predicted_results in (None, results.predicted_results)
    client.campaigns.delete(kept.id)
    with pytest.raises(NotFoundError):
        client.simulations.marketing_campaign(campaign_id=kept.id, target_personas=[persona.id])


def test_a_follow_up_is_tested(client: TinyTroupeClient) -> None:
    simulation = client.simulations.intervention(
        scenario={
            "type": "follow_up_sequence",
            "initial_interaction": "property_viewing",
            "interventions": [
                {"step": 1, "timing": "same_day", "action": "thank_you_email", "content": "Thank you"},
                {"step": 2, "timing": "day_3", "action": "follow_up_call", "script_points": ["urgency"]},
            ],
        },
        persona_configuration={"mode": "segment", "segments": ["finance_executives"], "generated_count": 5},
        variations_to_test=["message_tone"],
    )
    results = simulation.wait_for_completion(timeout=DEADLINE)
    assert results.predicted_results
    if simulation.recommendations:
        told = simulation.recommendations.predicted_conversion_rate
        assert told == results.predicted_results["predicted_conversion_rate"]


def test_a_simulation_is_found_again_and_cancelled(client: TinyTroupeClient, home: str) -> None:
    assert "finance_executives" in [segment.name for segment in client.segments.list()]
    simulation = client.simulations.focus_group(
        property_id=home,
        persona_segments=["finance_executives"],
        generated_count=1000,
        simulation_parameters={"iterations": 10_000},
    )
    try:
        assert client.simulations.cancel(simulation.id).status == "cancelled"
    except ConflictError:  # it was quicker
        assert simulation.wait_for_completion(timeout=DEADLINE).status == "completed"
    found = client.simulations.get(simulation.id)
    assert found.ended
    assert client.simulations.list(status="cancelled").first_page().total is not None


def ended(batch: Batch) -> Batch | None:
    return None if batch.status == "running" else batch


def test_a_batch_tells_of_each_item(client: TinyTroupeClient, home: str) -> None:
    name = unique("Ann")
    made = client.batch.personas(personas=[{"name": name}, {"name": ""}, {"name": unique("Bob")}])
    assert (made.successful, made.failed) == (2, 1)
    assert [item.index for item in made.results] == [0, 2]
    assert made.results[0].persona
    assert client.personas.get(made.results[0].persona.id).name == name
    assert made.errors[0].error
    assert made.errors[0].error["code"] == "INVALID_PERSONA"
    study = {"persona_segments": ["finance_executives"], "test_scenarios": ["pricing"]}
    batch = client.batch.simulations(
        simulations=[{"type": "focus_group", "property_id": home, "params": study}],
        execution={"parallel": True, "max_concurrent": 5, "priority": "high"},
    )
    now = wait_for("the batch ends", lambda: ended(client.batch.get(batch.batch_id)), DEADLINE)
    assert (now.status, now.successful) == ("completed", 1)
    assert now.items[0].id
    assert client.simulations.results(now.items[0].id).recommendations
    assert batch.batch_id in [found.batch_id for found in client.batch.list(type="simulations")]


def test_the_same_idempotency_key_gives_the_same_answer(client: TinyTroupeClient) -> None:
    key, name = str(uuid4()), unique("Only once")
    create = client.with_raw_response(client.personas.create)
    first, second = (create(name=name, idempotency_key=key) for _ in range(2))
    assert first.parsed == second.parsed
    assert (first.replayed, second.replayed) == (False, True)
    with pytest.raises(UnprocessableEntityError, match="IDEMPOTENCY_MISMATCH"):
        client.personas.create(name="Another", idempotency_key=key)


def test_the_raw_response_tells_what_is_left_of_the_rate_limit(client: TinyTroupeClient) -> None:
    limit = client.with_raw_response(client.segments.list)().rate_limit
    assert limit.limit
    assert limit.remaining is not None
    assert 0 <= limit.remaining < limit.limit
    assert limit.burst_remaining is not None
    assert limit.seconds_until_reset is not None


async def test_a_delivery_of_the_platform_is_verified(aclient: AsyncTinyTroupeClient) -> None:
    async with receiving() as receiver:
        hook = await aclient.webhooks.create(url=receiver.url, events=["persona.created"])
        assert hook.secret
        rotated = await aclient.webhooks.rotate_secret(hook.id)
        assert rotated.secret
        persona = await aclient.personas.create(name=unique("Ann"))
        (post,) = await receiver.got(1)
        for secret in (hook.secret, rotated.secret, [hook.secret, rotated.secret]):
            event = webhooks.verify(post.body, post.headers, secret)
            assert (event.event_type, event.data.object_id) == ("persona.created", persona.id)
        with pytest.raises(WebhookVerificationError):
            webhooks.verify(post.body.replace(b"Ann ", b"Eve "), post.headers, hook.secret)
        assert (await aclient.webhooks.update(hook.id, rate_limit=5, description="ours")).rate_limit == 5
        assert (await aclient.webhooks.update(hook.id, rate_limit=None)).rate_limit is None
        delivered = [delivery async for delivery in aclient.webhooks.deliveries(hook.id, event="persona.created")]
        assert (await aclient.webhooks.delivery(hook.id, delivered[0].id)).subject == persona.id
        assert (await aclient.webhooks.test(hook.id, event="simulation.completed")).event_type
        assert (await aclient.webhooks.health(hook.id)).status == "active"
        since = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        assert (await aclient.webhooks.replay(hook.id, since=since, what="sent")).replayed >= 1
        await aclient.webhooks.delete(hook.id)
    assert "simulation.completed" in [kind.name for kind in await aclient.webhooks.event_types()]


async def test_events_are_streamed_from_where_their_list_ended(aclient: AsyncTinyTroupeClient) -> None:
    first = await aclient.personas.create(name=unique("Ann"))
    page = await aclient.events.list(types=["persona.created"], subject=first.id).first_page()
    assert [event.subject for event in page.items] == [first.id]
    missed = await aclient.personas.create(name=unique("Bob"))
    async with (
        asyncio.timeout(DEADLINE),
        aclient.events.stream(types=["persona.created"], last_event_id=page.cursor) as events,
    ):
        seen = await anext(events)
        assert (seen.subject, seen.type) == (missed.id, "persona.created.v1")
        fresh = await aclient.personas.create(name=unique("Cy"))
        assert (await anext(events)).subject == fresh.id


async def test_updates_tell_of_a_simulation_until_its_end(aclient: AsyncTinyTroupeClient) -> None:
    home = await aclient.properties.create(price=1_000_000)
    simulation = await aclient.simulations.focus_group(
        property_id=home.id, persona_segments=["finance_executives"], test_scenarios=["pricing"]
    )
    async with asyncio.timeout(DEADLINE), simulation.updates() as updates:
        seen = [update async for update in updates]
    assert (seen[-1].type, seen[-1].progress) == ("result", 1.0)
    assert (await simulation.wait_for_completion(timeout=DEADLINE)).summary
