"""Exceptions by rule and age, with the law and what ends them; each opens to its page, where it can be explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, request
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, requires
from api.errors import NoSuchPlace
from api.pages.acting import done, field, optional, say
from api.pages.authority import ending
from api.pages.shown import name, page, registry, short, t, teller, word
from api.pages.tables import Column, Table, following, part, skipped, tabled
from ledger import figures
from ledger.access import Viewer
from ledger.custody.events.oversight import BETWEEN_PARTIES
from ledger.custody.flags import EXPLAINABLE, RULES, Flag
from ledger.custody.regimes.base import moment_of
from ledger.log import statement

blueprint = Blueprint("page_exceptions", __name__)
LIST_MAX: Final = 200
AGES: Final = (
    ("week", 7, "7 天内", "up to 7 days"),
    ("month", 30, "30 天内", "up to 30 days"),
    ("quarter", 90, "90 天内", "up to 90 days"),
    ("older", 1_000_000, "超过 90 天", "more than 90 days"),
)
STATES: Final = {"serious": "wrong", "warning": "soon", "notice": "unknown"}


@blueprint.get("/exceptions")
@requires(Right.READ)
def exceptions() -> Response:
    given = {key: request.args.get(key, "") for key in ("rule", "age", "severity", "party", "closed")}
    flags = standing(current_viewer(), closed=bool(given["closed"]))
    chosen = [flag for flag in flags if _fits(flag, given)]
    return tabled(
        "exceptions.html",
        listed(chosen),
        _summary(flags, given),
        given=given,
        total=len(chosen),
        parties=sorted({flag.holder for flag in flags if flag.holder}, key=name),
        rules=sorted({flag.rule for flag in flags}, key=rule_words),
        ages=AGES,
        rule_words=rule_words,
    )


def standing(viewer: Viewer, *, closed: bool = False) -> list[Flag]:
    """The exceptions that the reader is shown, oldest first."""
    return queries().exceptions(ledger().now(), closed=closed, viewer=viewer)


def age_of(flag: Flag) -> int:
    """Whole days for which it has stood, or stood."""
    return (moment_of(flag.closed_at or ledger().now()) - moment_of(flag.opened_at)).days


def bucket(flag: Flag) -> str:
    """The key of its age."""
    return next(key for key, days, _, _ in AGES if age_of(flag) <= days)


def rule_words(rule: str) -> str:
    """What is wrong, in the reader's language."""
    return t(RULES[rule].zh, RULES[rule].en)


def _fits(flag: Flag, given: dict[str, str]) -> bool:
    values = {"rule": flag.rule, "age": bucket(flag), "severity": RULES[flag.rule].severity, "party": flag.holder}
    return all(not given[key] or given[key] == value for key, value in values.items())


def address_of(flag: Flag) -> str:
    """The page of one exception."""
    return f"/exceptions/{flag.object}?{urlencode({'rule': flag.rule, 'key': flag.key})}"


def told(flag: Flag) -> dict[str, Any]:
    """An exception with its detail and the address of its page, for screens that show other things too."""
    return teller().exception_document(flag) | {"why": teller().detail(flag), "href": address_of(flag)}


def object_address(stream: str) -> str:
    """The page of what a record concerns; "" where there is none."""
    kind, _, _ = stream.partition(":")
    places = {"container": "/containers/", "manifest": "/manifests/", "party": "/enterprises/", "site": "/stores/"}
    return f"{places[kind]}{stream}" if kind in places else ""


def titled(stream: str, titles: Mapping[str, str]) -> str:
    """What people call an object; the end of its id where nothing is known."""
    known = titles.get(stream) or name(stream)
    return short(known) if known == stream else known


_COLUMNS: Final = (
    Column("severity", "程度", "Severity", "state"),
    Column("rule", "异常", "Exception", link="href"),
    Column("object", "对象", "Object", "recorded", link="object_href"),
    Column("holder", "责任单位", "With", "recorded"),
    Column("grams", "质量", "Mass", "grams"),
    Column("opened_at", "自", "Since", "moment"),
    Column("days", "天数", "Days", "number"),
    Column("law", "依据", "Law", "recorded"),
    Column("todo", "办法", "What ends it"),
)


def listed(flags: Sequence[Flag]) -> Table:
    """Exceptions as a table, the part that the address asks for."""
    shown = part(flags, LIST_MAX)
    titles = titles_of(shown)
    rows = [
        {
            "severity": (STATES[RULES[flag.rule].severity], word(RULES[flag.rule].severity, "SEVERITIES")),
            "rule": rule_words(flag.rule),
            "href": address_of(flag),
            "object": titled(flag.object, titles),
            "object_href": object_address(flag.object),
            "holder": name(flag.holder),
            "grams": flag.grams or None,
            "opened_at": flag.opened_at,
            "days": age_of(flag),
            "law": law_of(flag),
            "todo": t(RULES[flag.rule].todo_zh, RULES[flag.rule].todo_en),
        }
        for flag in shown
    ]
    return Table(
        name="exceptions",
        caption=t("异常", "Exceptions"),
        columns=_COLUMNS,
        rows=rows,
        empty=t("没有异常。", "No exception stands."),
        start=skipped(),
        next=following(len(flags), LIST_MAX),
        total=len(flags),
    )


def titles_of(flags: Sequence[Flag]) -> dict[str, str]:
    """What people call the containers of these exceptions."""
    containers = sorted({flag.object for flag in flags if flag.object.startswith("container:")})
    licences = {x.terms.licence: x.terms.number for held in registry().licences.values() for x in held}
    return figures.titles(queries(), containers) | licences


def law_of(flag: Flag) -> str:
    """The law behind it, as in force on its day."""
    regime = ledger().regime
    return regime.cite(RULES[flag.rule].cites, regime.day_of(flag.opened_at))


def _summary(flags: Sequence[Flag], given: dict[str, str]) -> Table:
    """How many of each rule and age; each number leads to its list."""
    counts: dict[str, dict[str, int]] = {}
    for flag in flags:
        of_rule = counts.setdefault(flag.rule, {})
        of_rule[bucket(flag)] = of_rule.get(bucket(flag), 0) + 1
    kept = {key: given[key] for key in ("party", "closed") if given[key]}

    def to(rule: str, age: str = "") -> str:
        return "/exceptions?" + urlencode({"rule": rule, **({"age": age} if age else {}), **kept})

    columns = (
        Column("severity", "程度", "Severity", "state"),
        Column("rule", "异常", "Exception", link="href"),
        *(Column(key, zh, en, "number", link=f"{key}_href") for key, _, zh, en in AGES),
        Column("all", "合计", "All", "number"),
    )
    order = list(STATES)
    ordered = sorted(counts, key=lambda rule: (order.index(RULES[rule].severity), -sum(counts[rule].values()), rule))
    rows: list[dict[str, Any]] = [
        {
            "severity": (STATES[RULES[rule].severity], word(RULES[rule].severity, "SEVERITIES")),
            "rule": rule_words(rule),
            "href": to(rule),
            "all": sum(counts[rule].values()),
        }
        | {key: counts[rule].get(key) for key, *_ in AGES}
        | {f"{key}_href": to(rule, key) if counts[rule].get(key) else "" for key, *_ in AGES}
        for rule in ordered
    ]
    return Table(name="summary", caption=t("按规则与时长", "By rule and age"), columns=columns, rows=rows)


# ---------------------------------------------------------------------------------------------------- one of them


@blueprint.get("/exceptions/<stream>")
@requires(Right.READ)
def exception(stream: str) -> Response:
    flag = _found(stream)
    return page("exceptions-one.html", **_told(flag), explanations=_explanations(flag))


def _found(stream: str) -> Flag:
    """The exception that the address names; raises NoSuchPlace."""
    rule, key = request.values.get("rule", ""), request.values.get("key", "")
    found = (f for f in standing(current_viewer(), closed=True) if (f.object, f.rule, f.key) == (stream, rule, key))
    flag = next(found, None)
    if flag is None:
        raise NoSuchPlace()
    return flag


def _told(flag: Flag) -> dict[str, Any]:
    who = current_actor()
    acts = bool(who.roles & {"admin", "clerk", "disposer"})
    explainable = flag.rule in EXPLAINABLE and flag.object.startswith("container:") and not flag.closed_at
    return {
        "flag": flag,
        "rule": RULES[flag.rule],
        "state": STATES[RULES[flag.rule].severity],
        "law": law_of(flag),
        "days": age_of(flag),
        "title": titled(flag.object, titles_of([flag])),
        "href": object_address(flag.object),
        "detail": teller().detail(flag),
        "correction": f"/corrections/{flag.key}" if flag.rule == "correction-waiting" else "",
        "may_explain": explainable and acts and flag.holder == who.party,
        "may_accept": explainable and acts and flag.holder != who.party and _between_parties(flag),
        "ending": ending(flag) if "regulator" in who.roles and not flag.closed_at else None,
        "may_decide": explainable and "regulator" in who.roles,
    }


def _between_parties(flag: Flag) -> bool:
    """True where the other end of a journey can accept an explanation; what one scale lacks is no journey's."""
    journey = flag.key.startswith(("manifest:", "delivery:"))
    return flag.rule in BETWEEN_PARTIES and (journey or flag.rule != "mass-difference")


def _explanations(flag: Flag) -> list[dict[str, Any]]:
    """What was said to explain it, oldest first; the words only for who may read them."""
    if not flag.object.startswith("container:"):
        return []
    viewer, made = current_viewer(), []
    for id_, (rule, key, party, accepted_at, _) in queries().container(flag.object).thing.explained.items():
        if (rule, key) == (flag.rule, flag.key):
            said = statement.parse(ledger().record_of(id_).statement)
            words = ledger().clear_text(id_).get("explanation", "") if viewer.is_own(party) else ""
            made.append({"id": id_, "party": party, "at": said.at, "words": words, "accepted_at": accepted_at})
    return sorted(made, key=lambda each: (each["at"], each["id"]))


@blueprint.post("/exceptions/<stream>/explain")
@requires(Right.HANDLE)
def explain(stream: str) -> Any:
    flag = _found(stream)
    words = field("explanation", "说明", "the explanation")
    body = {"container": flag.object, "rule": flag.rule, "key": flag.key, "explanation": {"clear": words}}
    body |= optional(evidence=request.form.get("evidence", ""))
    return done(address_of(flag), say("exception-explained", body))


@blueprint.post("/exceptions/<stream>/accept")
@requires(Right.PERSON)
def accept(stream: str) -> Any:
    flag = _found(stream)
    body = {"container": flag.object, "explanation": field("explanation", "说明", "the explanation")}
    return done(address_of(flag), say("explanation-accepted", body))
