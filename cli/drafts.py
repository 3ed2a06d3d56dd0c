"""Files of events: JSON drafts and signed statements, one document, a list of them, or one a line."""

from __future__ import annotations

import json
from typing import Any

import click

from cli.words import say


def read_items(text: str) -> list[dict[str, Any]]:
    """The documents in `text`, each a draft {type, body, at?, id?} or signed {statement, signature, …}."""
    try:
        try:
            whole = json.loads(text)
            items = whole if isinstance(whole, list) else [whole]
        except json.JSONDecodeError:
            items = [json.loads(each) for each in text.split("\n") if each.strip()]
    except json.JSONDecodeError as error:
        raise click.UsageError(say(f"不是 JSON：{error}", f"not JSON: {error}")) from None
    for n, item in enumerate(items, 1):
        if not isinstance(item, dict) or not (
            {"type", "body"} <= item.keys() or {"statement", "signature"} <= item.keys()
        ):
            raise click.UsageError(
                say(
                    f"第 {n} 项：应为含 type 与 body 的草稿，或含 statement 与 signature 的声明",
                    f"item {n}: expected a draft with type and body, or a statement and its signature",
                )
            )
    return items
