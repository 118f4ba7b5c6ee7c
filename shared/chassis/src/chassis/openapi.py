"""OpenAPI of a service: the bearer scheme, who may call what, and the problems that every operation may answer."""

from typing import Any

from fastapi import FastAPI

from chassis.access import policies

_SCHEME = "bearer"
_CONVENTIONS = """\
Of every operation, unless it says otherwise:

- A bearer token is needed that has one of the roles in `x-roles`. What the caller may not know of is 404, not 403.
- Errors are RFC 9457 problem documents. Programs go by `code`; `errors` names the fields; `trace_id` finds the story.
- A list comes in pages: ask again with `next` as `cursor` until it is null.
- The `ETag` of a thing is its version. Send it as `If-Match`, and a change is refused (412) if somebody else was first;
  send it as `If-None-Match`, and a read of what you have already is 304.
- A POST with an `Idempotency-Key` is carried out once, however often it is sent within 24 hours.
- Instants are RFC 3339 in UTC.
"""
_CODES = {
    "400": "The request cannot be read.",
    "401": "No valid bearer token.",
    "403": "Not with this role, or no longer with the company.",
    "404": "There is no such thing, or none that the caller may know of.",
    "409": "A rule or a simultaneous change stands in the way.",
    "412": "It has changed since it was read (`If-Match`).",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "Some values are missing, unknown or out of range.",
    "429": "Too many requests.",
    "503": "Not just now; try again as `Retry-After` says.",
}
_WAIT = {"Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "integer"}}}
_WITH_WAIT = {"429", "503"}
_WITH_BODY = {"412", "413", "415"}
_WITH_TOKEN = {"401", "403"}
_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "trace_id": {"type": "string", "description": "Find its story in the traces and logs."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Send the same key again and the first answer comes again, for 24 hours; the work is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}


def describe(app: FastAPI) -> None:
    """Complete the document that FastAPI makes of the routes; it is made once, on first request."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(app, make())
        return app.openapi_schema

    # FastAPI's documented way to change its document is to replace this method.
    app.openapi = openapi  # type: ignore[method-assign]


def _completed(app: FastAPI, document: dict[str, Any]) -> dict[str, Any]:
    document["info"]["description"] = _CONVENTIONS
    components = document.setdefault("components", {})
    components["securitySchemes"] = {_SCHEME: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for policy in policies(app):
        operation = document.get("paths", {}).get(policy.path, {}).get(policy.method.lower())
        if operation is not None:
            _complete(operation, policy.method, policy.roles)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document


def _complete(operation: dict[str, Any], method: str, roles: frozenset[str]) -> None:
    operation["security"] = [{_SCHEME: []}] if roles else []
    if roles:
        operation["x-roles"] = sorted(roles)
    responses = operation.setdefault("responses", {})
    for code, description in _CODES.items():
        if (code in _WITH_BODY and method == "GET") or (code in _WITH_TOKEN and not roles):
            continue
        # What a route says of a problem is more than we can; of 422 FastAPI alone has said something.
        said = responses.get(code, {}).get("description") if code != "422" else None
        responses[code] = {
            "description": said or description,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        } | ({"headers": _WAIT} if code in _WITH_WAIT else {})
    if method == "POST":
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
