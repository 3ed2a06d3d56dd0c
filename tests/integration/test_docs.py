"""The documentation holds together: links lead somewhere, every page is found, screens go by their own names."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.support.repository import ROOT

DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES = sorted([*READMES, *DOCS.rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SCREENS = ("waste-clerk", "carrier", "disposer", "regulator", "administrator")
HOW_TO = ("run-on-a-local-network", "shared-devices", "work-without-network", "print-labels")
FOLLOWED = [
    *READMES,
    *(DOCS / "tutorial" / f"{each}.md" for each in SCREENS),
    *(DOCS / "how-to" / f"{each}.md" for each in HOW_TO),
]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text())


def links(page: Path) -> list[tuple[Path, str]]:
    """(file, heading) of every link and picture of a page that leads into the repository."""
    found = (each.partition("#") for each in LINK.findall(prose(page)) if "://" not in each)
    return [((page.parent / path).resolve() if path else page, heading) for path, _, heading in found]


def headings(page: Path) -> set[str]:
    """What a heading is linked by: its words in lower case, without signs, joined by hyphens."""
    told = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in told}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    gone = [target for target, _ in links(page) if not target.exists()]
    assert not gone, f"{named(page)} links to what is not there: {gone}"
    lost = [f"{named(to)}#{heading}" for to, heading in links(page) if heading and heading not in headings(to)]
    assert not lost, f"{named(page)} links to headings that are not there: {lost}"


def test_every_page_is_found_from_the_index() -> None:
    seen, ahead = set[Path](), [DOCS / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            ahead += [target for target, _ in links(page) if target.exists()]
    assert not (hidden := [named(page) for page in PAGES if page not in seen]), f"nothing leads to {hidden}"
    assert (DOCS / "README.md").resolve() in {target for target, _ in links(ROOT / "README.md")}


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [each.name[:4] for each in sorted((DOCS / "decisions").glob("*.md"))]
    assert all(map(str.isdecimal, numbers)) and len(numbers) == len(set(numbers)), numbers


@cache
def screens() -> str:
    """Every word that the app can show."""
    files = [file for kind in ("html", "py", "js") for file in (ROOT / "api" / "pages").rglob(f"*.{kind}")]
    return "\n".join(file.read_text().replace("\\'", "'") for file in files if "node_modules" not in file.parts)


def steps(page: Path) -> str:
    """What a reader is led through: of a README its section about the browser, else the whole page."""
    sections = re.split(r"^## ", prose(page), flags=re.MULTILINE)
    return next((each for each in sections if re.match(".*(the browser|浏览器里)", each)), prose(page))


@pytest.mark.parametrize("page", FOLLOWED, ids=named)
def test_what_a_reader_is_told_to_press_is_called_so_on_the_pages(page: Path) -> None:
    """`**打印标签 Print its label**`: the words of a button in both languages, or in one."""
    bold = [" ".join(each.split()) for each in re.findall(r"\*\*(.+?)\*\*", steps(page), re.DOTALL)]
    unknown = [each for each in bold if not shown(each)]
    assert bold and not unknown, f"{named(page)} names what no page shows: {unknown}"


def shown(words: str) -> bool:
    """The words stand on a page; or their Chinese up to some space does, and their English after it."""
    cuts = [at for at, sign in enumerate(words) if sign == " "]
    pairs = [(words,), *((words[:at], words[at + 1 :]) for at in cuts)]
    return any(all(any(f"{sign}{part}{sign}" in screens() for sign in "'\"") for part in pair) for pair in pairs)
