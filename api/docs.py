"""The API's description as one page of HTML: no script, no network, works from a disk."""

from __future__ import annotations

from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "summary{cursor:pointer;padding:.3rem 0}code{background:#f2f2f2;padding:0 .2rem}table{border-collapse:collapse}"
    "td{padding:.2rem .8rem .2rem 0;vertical-align:top}"
)


def page_of(described: dict[str, Any]) -> str:
    """The description as HTML."""
    rows = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>wasteledger API</title><style>{_STYLE}</style>",
        f"<h1>wasteledger API</h1><p>{escape(described['info']['description'])}</p>",
        '<p><a href="/openapi.json">openapi.json</a></p>',
    ]
    operations = [(path, method, op) for path, ops in described["paths"].items() for method, op in ops.items()]
    for tag in sorted({op["tags"][0] for *_, op in operations}):
        rows.append(f"<h2>{escape(tag)}</h2>")
        rows += [_operation(path, method, op) for path, method, op in operations if op["tags"][0] == tag]
    rows.append("<h2>schemas</h2>")
    for name, schema in sorted(described["components"]["schemas"].items()):
        rows.append(
            f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_schema(schema)}</details>'
        )
    return "\n".join(rows)


def _operation(path: str, method: str, op: dict[str, Any]) -> str:
    rows = [f"<details><summary><code>{method.upper()} {escape(path)}</code> {escape(op['summary'])}</summary>"]
    rows.append("<p>public</p>" if not op["security"] else "<p>needs a token or a session</p>")
    if op["parameters"]:
        given = (
            f"<tr><td><code>{escape(p['name'])}</code><td>{p['in']}<td>{_kind(p['schema'])}" for p in op["parameters"]
        )
        rows.append(f"<table>{''.join(given)}</table>")
    if "requestBody" in op:
        rows.append(f"<p>takes {_kind(op['requestBody']['content']['application/json']['schema'])}</p>")
    answers_ = (
        f"<tr><td>{status}<td>{escape(answer['description'])}<td>"
        + ", ".join(_kind(content["schema"]) for content in answer.get("content", {}).values())
        for status, answer in op["responses"].items()
    )
    return "".join([*rows, f"<table>{''.join(answers_)}</table></details>"])


def _schema(schema: dict[str, Any]) -> str:
    wanted = schema.get("required", ())
    rows = (
        f"<tr><td><code>{escape(name)}</code>{'' if name in wanted else ' (optional)'}<td>{_kind(inner)}"
        for name, inner in schema.get("properties", {}).items()
    )
    return f"<p>{escape(schema.get('description', ''))}</p><table>{''.join(rows)}</table>"


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "oneOf" in schema:
        return " or ".join(map(_kind, schema["oneOf"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    limits = " ".join(
        f"{k} {escape(str(schema[k]))}" for k in ("pattern", "minimum", "maximum", "maxLength") if k in schema
    )
    return f"{escape(str(schema.get('type', 'anything')))} {limits}"
