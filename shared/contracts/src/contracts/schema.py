"""The JSON Schema 2020-12 of an event, as it is committed and published."""

import json
from pathlib import Path
from typing import Any

from contracts.event import EventClass

SCHEMAS = Path(__file__).parent / "schemas"
"""The folder of the committed schemas, one file per subject."""


def schema_of(event: EventClass) -> dict[str, Any]:
    """What a body of this event must look like; fields it does not name are allowed and ignored."""
    schema = event.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": event.dataschema(),
        "x-about": event.about,
        **schema,
    }


def schema_text(event: EventClass) -> str:
    """The committed file's content: the same bytes on every machine."""
    return json.dumps(schema_of(event), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def committed(subject: str, folder: Path = SCHEMAS) -> dict[str, Any] | None:
    """The schema of a subject as it was released, or None if it never was."""
    file = folder / f"{subject}.json"
    if not file.exists():
        return None
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema
