"""Whether a new JSON Schema of an event may keep its version: nothing but a new optional field may differ.

General checkers (jsoncompat 0.3 was tried) call a new optional field a break for readers, because an object that allows
unknown fields may have carried another type under that name. Here publishers own their fields, so it is none.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

# What says nothing about which bodies are valid. A default is no annotation here: it is what absence means.
_ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "examples"})


def breaks(old: Schema, new: Schema) -> list[str]:
    """Every reason why `new` needs a new version of the event, as `path: what happened`; empty if it needs none."""
    return list(_compare("", old, new, old, new, ()))


def _compare(
    path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema, seen: tuple[Any, ...]
) -> Iterator[str]:
    if (old.get("$ref"), new.get("$ref")) in seen:
        return
    if "$ref" in old or "$ref" in new:
        seen = (*seen, (old.get("$ref"), new.get("$ref")))
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    for keyword in sorted(old.keys() | new.keys()):
        before, after = old.get(keyword), new.get(keyword)
        if keyword == "properties":
            yield from _properties(path, before or {}, after or {}, old_root, new_root, seen)
        elif keyword == "required":
            yield from _required(path, before or [], after or [], old)
        elif keyword in {"anyOf", "oneOf", "allOf", "prefixItems"}:
            yield from _alternatives(f"{path} {keyword}".strip(), before, after, old_root, new_root, seen)
        elif keyword in {"items", "additionalProperties"} and isinstance(before, dict) and isinstance(after, dict):
            yield from _compare(f"{path}/{keyword}", before, after, old_root, new_root, seen)
        elif not _equal(keyword, before, after):
            yield f"{path or '/'}: {_change(keyword)} ({before!r} -> {after!r})"


def _resolved(schema: Schema, root: Schema) -> dict[str, Any]:
    merged = {name: value for name, value in schema.items() if name not in _ANNOTATIONS}
    while "$ref" in merged:
        reference = str(merged.pop("$ref"))
        target = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"))
        if target is None:
            raise ValueError(f"{reference} leads nowhere")
        merged = {name: value for name, value in target.items() if name not in _ANNOTATIONS} | merged
    return merged


def _properties(
    path: str, old: Schema, new: Schema, old_root: Schema, new_root: Schema, seen: tuple[Any, ...]
) -> Iterator[str]:
    for name in sorted(old):
        if name not in new:
            yield f"{path}/{name}: removed"
        else:
            yield from _compare(f"{path}/{name}", old[name], new[name], old_root, new_root, seen)


def _required(path: str, old: list[str], new: list[str], old_schema: Schema) -> Iterator[str]:
    for name in sorted(set(new) - set(old)):
        was = "newly required" if name in old_schema.get("properties", {}) else "new and required"
        yield f"{path}/{name}: {was}"
    for name in sorted(set(old) - set(new)):
        yield f"{path}/{name}: no longer required, so that today's readers refuse bodies without it"


def _alternatives(
    path: str,
    old: list[Schema] | None,
    new: list[Schema] | None,
    old_root: Schema,
    new_root: Schema,
    seen: tuple[Any, ...],
) -> Iterator[str]:
    if old is None or new is None or len(old) != len(new):
        yield f"{path or '/'}: retyped ({len(old or [])} -> {len(new or [])} alternatives)"
        return
    for number, (before, after) in enumerate(zip(old, new, strict=True)):
        yield from _compare(f"{path}/{number}", before, after, old_root, new_root, seen)


def _equal(keyword: str, before: Any, after: Any) -> bool:
    if keyword == "enum" and isinstance(before, list) and isinstance(after, list):
        return sorted(before, key=repr) == sorted(after, key=repr)
    return bool(before == after) and type(before) is type(after)


def _change(keyword: str) -> str:
    return "retyped" if keyword in {"type", "format", "const", "enum"} else f"{keyword} changed"
