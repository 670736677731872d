"""Events as the platform has them most: the example's persona comes into being."""

from collections.abc import Iterator

from bson import ObjectId, decode

from dramatis_contracts.envelope import event_id
from dramatis_contracts.persona.v1 import PersonaCreated, PersonaProfile
from dramatis_engines.example import PERSONAS
from dramatis_eventlog import Cause, Commit, StreamId
from dramatis_eventlog.commits import encode_commit, new_commit
from dramatis_kit import Document, utc_now

TENANT = "bench"
CAUSE = Cause(correlation_id="req_bench", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def created() -> PersonaCreated:
    return PersonaCreated(profile=PersonaProfile.model_validate(PERSONAS[0]))


def stream(name: str) -> StreamId:
    return StreamId("persona", f"pers_{name}")


def commits(run: str, count: int, *, streams: int = 1) -> Iterator[Commit]:
    """Commits of one event each, in turn over so many streams."""
    body, now = created(), utc_now()
    for number in range(count):
        yield new_commit(
            TENANT,
            stream(f"{run}-{number % streams}"),
            [body],
            ver_from=number // streams + 1,
            command_id=f"{run}-{number}",
            cause=CAUSE,
            recorded_at=now,
        )


def positioned(count: int) -> Iterator[Document]:
    """Stored commits of one event each, as the relay leaves them behind: with positions from 1 and marked."""
    stored: Document = decode(encode_commit(next(commits("r", 1))))
    event = stored["events"][0]
    for number in range(1, count + 1):
        command, subject = f"r-{number}", stream(f"r-{number}").id
        yield {
            **stored,
            "_id": ObjectId(),
            "stream": str(stream(f"r-{number}")),
            "subject": subject,
            "commit_id": command,
            "pos": number,
            "relayed": True,
            "events": [{**event, "id": event_id(TENANT, command, 0), "subject": subject}],
        }
