"""Write what is generated from the code, or with --check fail when the committed files differ.

contracts/schemas/*.json   JSON Schema of every event type
docs/errors/*.md           one page per error code
docs/reference/*           openapi.json of the gateway, asyncapi.json of the events and the RPC methods
"""

import json
import sys
from pathlib import Path
from typing import Any

from dramatis_contracts.envelope import Envelope
from dramatis_contracts.errors import ERRORS, ErrorCode
from dramatis_contracts.registry import EVENT_TYPES
from dramatis_gateway.openapi import openapi

ROOT = Path(__file__).resolve().parent.parent
GENERATED_FOLDERS = ("contracts/schemas", "docs/errors")


def as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def schemas() -> dict[str, str]:
    files = {"contracts/schemas/envelope.json": as_json(Envelope.model_json_schema(mode="serialization"))}
    for name, body in EVENT_TYPES.items():
        files[f"contracts/schemas/{name}.json"] = as_json(body.model_json_schema(mode="serialization"))
    return files


def error_page(error: ErrorCode) -> str:
    return f"# {error.code}\n\nHTTP status {error.status}.\n\n{error.meaning}\n\n**What to do:** {error.remedy}\n"


def error_pages() -> dict[str, str]:
    rows = "".join(f"| [{e.code}]({e.code}.md) | {e.status} | {e.meaning} |\n" for e in ERRORS.values())
    index = '# Error codes\n\nEvery error has this body: `{"error": {"code", "message", "details": {"field", "issue"}, '
    index += '"request_id", "documentation_url"}}`.\n\n| code | status | meaning |\n|---|---|---|\n' + rows
    pages = {f"docs/errors/{error.code}.md": error_page(error) for error in ERRORS.values()}
    return pages | {"docs/errors/README.md": index}


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: the streams of events as subscribers see them."""
    channels, messages = {}, {}
    for name, body in sorted(EVENT_TYPES.items()):
        aggregate, _, event = name.partition(".")
        address = f"ev.{body.owner}.{{partition}}.{{tenant}}.{aggregate}.{event.replace('.', '-')}"
        channels[name] = {"address": address, "messages": {name: {"$ref": f"#/components/messages/{name}"}}}
        messages[name] = {
            "name": name,
            "summary": (body.__doc__ or "").strip().splitlines()[0],
            "contentType": "application/cloudevents+json",
            "payload": {"$ref": f"../../contracts/schemas/{name}.json"},
        }
    info = {"title": "Dramatis events", "version": "1", "description": "Payloads are CloudEvents 1.0 envelopes."}
    return {"asyncapi": "3.0.0", "info": info, "channels": channels, "components": {"messages": messages}}


def generated() -> dict[str, str]:
    reference = {"docs/reference/asyncapi.json": as_json(asyncapi()), "docs/reference/openapi.json": as_json(openapi())}
    return schemas() | error_pages() | reference


def stale(files: dict[str, str]) -> list[str]:
    differing = [
        name for name, text in files.items() if not (ROOT / name).is_file() or (ROOT / name).read_text() != text
    ]
    present = [str(p.relative_to(ROOT)) for folder in GENERATED_FOLDERS for p in (ROOT / folder).glob("*")]
    return sorted(differing + [name for name in present if name not in files])


def main() -> int:
    files = generated()
    if sys.argv[1:] == ["--check"]:
        for name in stale(files):
            print(f"{name} is not what the code says: run `make generate`")
        return 1 if stale(files) else 0
    for name in stale(files):
        (ROOT / name).unlink(missing_ok=True)
    for name, text in files.items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
