"""OpenAPI of a service: the bearer scheme, who may call what, and the problems that every operation may answer."""

from typing import Any

from fastapi import FastAPI

from chassis.access import policies

_SCHEME = "bearer"
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
        responses[code] = {
            "description": description,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if method == "POST":
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
