"""Writes docs/reference/events: `python -m tests.support.event_pages`; a page per event type, from its class and from
what it does in the stories."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from ledger.custody import decide, rules, wire
from ledger.custody.container import thing_from
from ledger.custody.decide import folds
from ledger.custody.events import Event, event_types, parse
from ledger.custody.events.correction import CorrectionAgreed, CorrectionDecided, EntryCorrected
from ledger.custody.flags import RULES
from ledger.custody.regimes.cn import LAW
from ledger.custody.rules import Refusal
from ledger.custody.wire import ANY_CODES
from tests.support import log_world as world
from tests.support.examples import examples
from tests.support.repository import ROOT
from tests.support.told import Told, facts_of, told

FOLDER = ROOT / "docs" / "reference" / "events"
AUTHORS = {
    "anybody": "the party that did it",
    "operator": "the operator's system key",
    "registrar": "a key with the role `registrar`",
    "licensing": "a key with the role `licensing`",
    "settings": "a key with the role `settings`",
    "supervision": "a key with the role `supervision`",
    "admin": "an administrator of the party",
    "registrar-or-admin": "a registrar, or an administrator of the party",
}
UNITS = {"_g": "g", "_ml": "ml", "_ppm": "ppm", "_hours": "h", "_g_l": "g/l"}


@dataclass(slots=True)
class Seen:
    """What the stories show of one event type."""

    stories: set[str] = field(default_factory=set)
    grams: set[tuple[str, str, str]] = field(default_factory=set)
    states: set[tuple[str, str, str]] = field(default_factory=set)
    opens: set[str] = field(default_factory=set)
    ends: set[str] = field(default_factory=set)


@cache
def seen() -> dict[str, Seen]:
    """By event type, from every story told by itself."""
    park, stories = told()
    found = {type_: Seen() for type_ in event_types()}
    for name in sorted(stories):
        play = Told().record(facts_of(park.steps))
        of_statement = {}
        for fact in facts_of(stories[name].steps):
            what = found[fact.event.type]
            of_statement[fact.statement] = what
            what.stories.add(name)
            streams = [s for s in sorted(fact.event.streams(fact.by.party)) if folds(s)]
            before = {s: _status(play, s) for s in streams}
            posted = len(play.postings)
            play.record([fact])
            what.grams |= {(p.debit.stage, p.credit.stage, p.cause) for p in play.postings[posted:]}
            for stream in streams:
                if _status(play, stream) != before[stream]:
                    what.states.add((stream.split(":")[0], before[stream], _status(play, stream)))
        for flag in play.account()[1]:
            for statement, rules_of in ((flag.opened_by, "opens"), (flag.closed_by, "ends")):
                if statement in of_statement:
                    getattr(of_statement[statement], rules_of).add(flag.rule)
    return found


def pages() -> dict[str, str]:
    """File name to text, of every page."""
    made = {f"{type_}.md": page(type_, cls) for type_, cls in event_types().items()}
    listed = [f"- [`{type_}`]({type_}.md): {_words(cls).partition('.')[0]}." for type_, cls in event_types().items()]
    head = (
        "# Events\n\nEvery statement has the type of one of these. A page is made from the event's class and from what"
        " it does\nin the stories of `fixtures/stories` (`python -m tests.support.event_pages`); nobody writes it.\n"
    )
    return made | {"README.md": head + "\n" + "\n".join(listed) + "\n"}


def page(type_: str, cls: type[Event]) -> str:
    """The page of one event type."""
    what = seen()[type_]
    concerns = sorted({s.split(":")[0] for s in parse(type_, examples()[type_], ANY_CODES).streams(world.PARTY)})
    parts = [f"# `{type_}`", _words(cls), f"**Who says it**: {_author(cls)}.", f"**Concerns**: {', '.join(concerns)}."]
    if cls.allowance != "recording-hours":
        parts.append(f"**Allowance**: the setting `{cls.allowance}`.")
    parts.append("## Fields\n\n" + "\n".join(_table(cls)))
    grams = [f"- {debit} → {credit} ({cause})" for debit, credit, cause in sorted(what.grams)]
    parts.append("## Grams\n\n" + ("\n".join(grams) if grams else "Moves none."))
    states = [f"- {kind}: {before} → {after}" for kind, before, after in sorted(what.states)]
    parts.append("## State\n\n" + ("\n".join(states) if states else "Changes no status of a container or manifest."))
    refused = [f"- `{r.code}`: {r.__doc__} ({_law(r.cites[0])})" for r in _refusals(cls)]
    parts.append("## Refused\n\n" + "\n".join(refused))
    for title, named in (("Exceptions that it opens", what.opens), ("Exceptions that it ends", what.ends)):
        if named:
            parts.append(f"## {title}\n\n" + "\n".join(_exception(rule) for rule in sorted(named)))
    if cls.correctable:
        parts.append("## Correctable\n\n" + "\n".join(f"- `{each}`" for each in cls.correctable))
    told_in = ", ".join(f"`{name}`" for name in sorted(what.stories))
    parts.append("## Told in\n\n" + (told_in or "the park and the tests of the ledger itself"))
    return "\n\n".join(parts) + "\n"


def _status(play: Told, stream: str) -> str:
    row = play.states.get(stream)
    return "unheard of" if row is None else str(thing_from(stream, row).status)


def _words(cls: type[Event]) -> str:
    return " ".join((cls.__doc__ or "").split())


def _author(cls: type[Event]) -> str:
    return AUTHORS[cls.author]


def _exception(rule: str) -> str:
    known = RULES[rule]
    return f"- `{rule}` ({known.severity}): {known.en}; {known.todo_en} ({_law(known.cites)})"


def _law(key: str) -> str:
    old, new = LAW[key]
    return old if old == new else f"{old}; from 2026-08-15 {new}"


def _refusals(cls: type[Event]) -> list[type[Refusal]]:
    """The rights that every statement needs, and what its own class and its family refuse."""
    names = ["NotAuthorised"] if cls.author != "anybody" else ["NotOwn"]
    sources = [base.__dict__["refusals"] for base in cls.__mro__ if "refusals" in vars(base) and base is not Event]
    if cls in (EntryCorrected, CorrectionAgreed, CorrectionDecided):
        sources.append(decide._correction_refusals)
    for source in sources:
        tree = ast.parse(textwrap.dedent(inspect.getsource(source)))
        calls = (n.value for n in ast.walk(tree) if isinstance(n, ast.Yield))
        names += [c.func.id for c in calls if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)]
    return [getattr(rules, name) for name in dict.fromkeys(names)]


# -- fields -----------------------------------------------------------------------------------------------------------


def _table(cls: type) -> Iterator[str]:
    yield "| field | what | unit | |"
    yield "|---|---|---|---|"
    for path, what, unit, needed in _fields(cls, "", "required"):
        yield f"| `{path}` | {what} | {unit} | {needed} |"


def _fields(cls: type, path: str, needed: str) -> Iterator[tuple[str, str, str, str]]:
    hints = get_type_hints(cls, include_extras=True)
    for each in dataclasses.fields(cls):
        name = f"{path}{wire.wire_name(each.name)}"
        yield from _field(hints[each.name], name, needed if each.default is dataclasses.MISSING else "")


def _field(annotation: Any, path: str, needed: str) -> Iterator[tuple[str, str, str, str]]:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        inner = next(a for a in args if a is not type(None))
        yield from _field(inner, path, needed)
    elif origin is tuple:
        if dataclasses.is_dataclass(args[0]):
            yield from _fields(args[0], f"{path}.*.", needed or "required there")  # type: ignore[arg-type]
        else:
            yield path, f"a list, each {_plain(args[0])}", _unit(path), needed
    elif dataclasses.is_dataclass(annotation):
        yield from _fields(annotation, f"{path}.", needed or "required there")  # type: ignore[arg-type]
    else:
        yield path, _plain(annotation), _unit(path), needed


def _plain(annotation: Any) -> str:
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation is bool:
        return "true or absent"
    if origin is Literal:
        return "one of " + ", ".join(f"`{each}`" for each in args)
    if origin is dict:
        return "an object"
    assert origin is Annotated, annotation
    return _check(args[1])


def _check(check: Any) -> str:
    match check:
        case wire.Whole(least=least, most=most):
            return f"whole number {least}..{most}"
        case wire.Plain():
            return "a text or a whole number"
        case _:
            inner = getattr(check, "form", check)
            return str(getattr(inner, "says", "") or "a code of the ledger's regime")


def _unit(path: str) -> str:
    last = path.rpartition(".")[2]
    return next((unit for suffix, unit in sorted(UNITS.items(), key=lambda u: -len(u[0])) if last.endswith(suffix)), "")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{FOLDER.relative_to(ROOT)}: {len(pages())} pages")


if __name__ == "__main__":
    main()
