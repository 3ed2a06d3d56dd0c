"""Every page that a person of the park can open: accessible, whole in both languages, with no failing script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.park import LogIn
from tests.support.repository import ROOT

AXE = ROOT / "api" / "pages" / "node_modules" / "axe-core" / "axe.min.js"
PEOPLE = ("bureau", "office", "clerk", "dispatch", "driver", "refinery", "operator")
# Not walked: what answers with a file, ends the session, or needs a network of its own.
NOT_PAGES = re.compile(
    r"^/(static|parts|v1|openapi|tile|checkpoint|trust|policy|language|sign-out|docs)"
    r"|[?&]as=(csv|xlsx)|\.(csv|xlsx|pdf|png|svg|json|txt|zpl)(\?|$)|/receipt$"
)
PAGES_MAX = 60
CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.mark.parametrize("person", PEOPLE)
def test_every_page_within_reach_is_accessible_and_whole_in_both_languages(log_in: LogIn, person: str) -> None:
    page = log_in(person)
    faults: list[str] = []
    for path in _within_reach(page):
        faults += [f"{person} {path}: {fault}" for fault in _violations(page)]
        _open(page, path, "en")
        faults += [f"{person} {path}: not in English: {text!r}" for text in _chinese(page)]
    assert faults == []


def _within_reach(page: Page) -> Iterator[str]:
    """Addresses of pages, found by following links from home, one of each shape; each is open in Chinese."""
    waiting, shapes = ["/"], {"/"}
    for _ in range(PAGES_MAX):
        if not waiting:
            return
        path = waiting.pop(0)
        _open(page, path, "zh")
        links: list[str] = page.eval_on_selector_all("a[href^='/']", "all => all.map(a => a.getAttribute('href'))")
        for link in links:
            shape = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|=[^&]*", "*", link.partition("#")[0])
            if shape not in shapes and not NOT_PAGES.search(link):
                shapes.add(shape)
                waiting.append(link)
        yield path


def _open(page: Page, path: str, lang: str) -> None:
    page.context.add_cookies([{"name": "language", "value": lang, "url": page.url}])
    answer = page.goto(path)
    assert answer is not None and answer.ok, f"{path}: {answer and answer.status}"


def _violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}" for v in result["violations"]]


def _chinese(page: Page) -> list[str]:
    """Chinese text on an English page, but for what was recorded in Chinese (marked lang="zh")."""
    texts: list[str] = page.evaluate(
        """() => {
          const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const at = walk.currentNode.parentElement;
            if (!at.closest('[lang^="zh"], script, style, data')) found.push(walk.currentNode.data.trim());
          }
          return found;
        }"""
    )
    return [text for text in texts if CHINESE.search(text)]


def test_axe_is_the_one_that_npm_brought() -> None:
    assert Path(AXE).is_file(), "run `make setup`: axe-core comes from npm"
