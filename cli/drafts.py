"""Files of events: JSON drafts and signed statements, one document, a list of them, or one a line."""

from __future__ import annotations

import json
from typing import Any

import click

from cli import keyring
from cli.words import say
from ledger.service import Submission


def read_items(text: str) -> tuple[list[dict[str, Any]], list[Submission]]:
    """The documents in `text`: drafts {type, body, at?, id?}, and signed ones {statement, signature, …}."""
    try:
        try:
            whole = json.loads(text)
            items = whole if isinstance(whole, list) else [whole]
        except json.JSONDecodeError:
            items = [json.loads(each) for each in text.split("\n") if each.strip()]
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError
        raise click.UsageError(say(f"不是 JSON：{error}", f"not JSON: {error}")) from None
    drafts, signed = [], []
    for n, item in enumerate(items, 1):
        try:
            if _is_draft(item):
                drafts.append(item)
            else:
                signed.append(keyring.submission(item))
        except (LookupError, TypeError, ValueError, AttributeError):
            raise click.UsageError(
                say(
                    f"第 {n} 项：应为含 type 与 body 的草稿，或含 statement 与 signature 的声明",
                    f"item {n}: expected a draft with type and body, or a statement and its signature",
                )
            ) from None
    return drafts, signed


def _is_draft(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("type"), str)
        and isinstance(item.get("body"), dict)
        and all(isinstance(item.get(name, ""), str) for name in ("at", "id"))
    )
