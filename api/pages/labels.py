"""Labels: printed as files for any printer, blank ones by the roll, digital codes, and the party's label key."""

from __future__ import annotations

from typing import Any, Final, NoReturn, cast

from flask import Blueprint, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, requires
from api.errors import NoSuchPlace
from api.pages import containers
from api.pages.acting import done, field, say, say_all, settle
from api.pages.containers import Card, label_of
from api.pages.filling import sites
from api.pages.shown import page, t
from ledger.custody.events.containers import LabelIssued
from ledger.custody.regimes.base import local_day
from ledger.errors import FormError
from ledger.groups import GROUP
from ledger.labelling import Desk, NoLabelKey, make_key
from ledger.labels import draw
from ledger.labels.layout import SIZES, LabelText, label
from ledger.labels.shapes import WHITE, Drawing
from ledger.labels.symbols import NAMES, symbol
from ledger.scanned import Scanner

blueprint = Blueprint("page_labels", __name__)
FORMS: Final = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml", "zpl": "application/zpl"}
SHEETS: Final = ("roll", "a4", "one")
ROLL_MAX: Final = 1_000
PART: Final = 200  # labels of one file: about a second of drawing
BLOCK: Final = 20  # digital codes reserved at a time
TRIES: Final = 3  # who reserves at the same moment may name the same block: the first that is recorded has it


class BadCount(FormError):
    """A roll of no labels, or of more than one job holds."""

    code = "bad-label-count"
    zh = "张数不正确"
    en = "the number of labels is not correct"


class NoDigitalCode(FormError):
    """All 999 of the day are given out, or the party's credit code is not registered."""

    code = "no-digital-code"
    zh = "无法取得数字识别码"
    en = "there is no digital code to be had"


@blueprint.get("/labels/blank")
@requires(Right.HANDLE)
def blank() -> Response:
    return page("label-blank.html", sites=sites(), key=_has_key(), roll_max=ROLL_MAX)


@blueprint.post("/labels/blank")
@requires(Right.HANDLE)
def issue_blank() -> Response:
    """Issue a roll; its labels are recorded in one go, the files are made when they are fetched."""
    count, site = field("count", "张数", "how many"), field("site", "场所", "the site")
    if not count.isdecimal() or not 1 <= int(count) <= ROLL_MAX:
        raise BadCount(expected=f"1 – {ROLL_MAX}", got=count[:20])
    _desk().link(f"label:{ledger().new_id()}")  # without a label key nothing is issued that could not be printed
    place = {"party": current_actor().party, "site": site}
    labels = ({"label": f"label:{ledger().new_id()}", "place": place} for _ in range(int(count)))
    first, *_ = say_all([("label-issued", each) for each in labels])
    return done(url_for(".roll", site=site, first=first.id, count=count), first)


@blueprint.get("/labels/roll/<site>/<first>")
@requires(Right.HANDLE)
def roll(site: str, first: str) -> Response:
    """The files of a roll, in parts that a printer takes one after the other."""
    count = len(_issued(site, first, _count()))
    parts = [(n, min(PART, count - n)) for n in range(0, count, PART)]
    return page("label-roll.html", site=site, first=first, count=count, parts=parts)


@blueprint.get("/labels/roll/<site>/<first>.<form>")
@requires(Right.HANDLE)
def roll_file(site: str, first: str, form: str) -> Response:
    desk, skipped = _desk(), request.args.get("from", default=0, type=int)
    wanted = _issued(site, first, skipped + _count())[skipped:]
    size = SIZES[int(_chosen("size", tuple(str(size) for size in SIZES)))]
    return _file([label(LabelText(link=desk.link(each), blank=True), size) for each in wanted], form)


@blueprint.get("/labels/bind")
@requires(Right.HANDLE)
def bind() -> Response:
    return page("label-bind.html", label=request.args.get("label", ""))


@blueprint.post("/labels/bind")
@requires(Right.HANDLE)
def bound() -> Response:
    """A blank label is stuck on a container that is there."""
    text = field("container", "容器", "the container")
    found = Scanner(ledger(), queries(), reading(), current_viewer()).read(text).found
    if len(found) != 1 or found[0].kind != "container":
        raise containers.NoLabel(expected=t("一个容器", "one container"), got=f"{text[:40]}: {len(found)}")
    card = _own(found[0].id)
    place = {"party": card.thing.holder, "site": card.thing.site}
    answer = containers.stick(card.thing, place, label_of(field("label", "标签", "the label")))
    return done(containers.labelled(card.thing), answer)


@blueprint.post("/labels/key")
@requires(Right.ADMINISTER)
def key() -> Response:
    """Make the party's label key on this server and have the ledger certify it."""
    who, made = current_actor(), make_key(_home(), current_actor().party)
    answer = say("key-enrolled", ledger().enrolment(made, holder=who.party, person=who.person, purpose="label"))
    return done("/labels/blank", answer)


@blueprint.get("/labels/hazards/<hazard>.svg")
@requires(Right.READ)
def hazard(hazard: str) -> Response:
    """The symbol of a hazard."""
    if hazard not in NAMES:
        raise NoSuchPlace()
    drawn = Drawing(width=100, height=100, ground=WHITE, shapes=symbol(hazard))
    return Response(draw.svg(drawn), mimetype=FORMS["svg"], headers={"Cache-Control": "private, max-age=86400"})


# ---------------------------------------------------------------------------------------------- of a container


@blueprint.get("/labels/<container>")
@requires(Right.HANDLE)
def container_label(container: str) -> Response:
    card = _labelled(container)
    given = _desk().digital_code(card.thing)
    size = int(_desk().size(card.thing, "auto").side)
    return page("label-page.html", card=card, digital=given, key=_has_key(), size=size, sizes=tuple(SIZES))


@blueprint.get("/labels/<container>.<form>")
@requires(Right.HANDLE)
def container_file(container: str, form: str) -> Response:
    """A container's label as a file; one that is printed again is the same label."""
    thing, desk = _labelled(container).thing, _desk()
    if not thing.label:
        raise NoSuchPlace()
    size = desk.size(thing, _chosen("size", ("auto", *(str(size) for size in SIZES))))
    return _file([label(desk.text(thing, thing.label), size)] * size.faces, form)


@blueprint.get("/labels/<container>/print")
@requires(Right.HANDLE)
def print_label(container: str) -> Response:
    """The file that a form asks for."""
    form = _chosen("form", tuple(FORMS))
    rest = {key: request.args[key] for key in ("size", "sheet", "dpi") if key in request.args}
    return redirect(url_for(".container_file", container=container, form=form, **rest), 303)  # type: ignore[arg-type]


@blueprint.post("/labels/<container>/digital-code")
@requires(Right.HANDLE)
def take_code(container: str) -> Response:
    """Give a label its 37-character code: from the block reserved for this person's key, or a new block."""
    thing = _labelled(container).thing
    place = {"party": thing.holder, "site": thing.site}
    body = {"container": container, "place": place, "label": thing.label, "digital_code": _free_code(thing)}
    return done(f"/labels/{container}", say("label-bound", body))


def _free_code(thing: Any) -> str:
    if not _desk().credit_code:
        _no_code(t("本单位统一社会信用代码未登记", "the credit code of the enterprise is not registered"))
    day = local_day(thing.born_at, ledger().regime.offset)
    for _ in range(TRIES):
        if found := _desk().take(thing):
            return found
        block = _desk().next_block(BLOCK, thing.code, day)
        if block is None:
            _no_code(t("当日 999 个号码已用完", "the 999 codes of that day are given out"))
        body = {"holder": current_actor().party, "code": thing.code, "day": day, "device": _device()}
        say("label-codes-reserved", body | {"first": block[0], "last": block[1]}, id_=ledger().new_id())
        settle()
    _no_code(t("号码被同时预留，请再试", "others reserved the same ones at once: try again"))


def _no_code(got: str) -> NoReturn:
    raise NoDigitalCode(expected=t("可用号码", "a free code"), got=got)


# ---------------------------------------------------------------------------------------------- shared


def _own(container: str) -> Card:
    """A container that this person's party holds; nothing is here of any other."""
    card = containers.card(container)
    if card.thing.holder != current_actor().party:
        raise NoSuchPlace()
    return card


def _labelled(container: str) -> Card:
    """One whose label tells its waste; a group wears a blank label, and nothing is printed for it."""
    card = _own(container)
    if card.thing.kind == GROUP:
        raise NoSuchPlace()
    return card


def _home() -> Any:
    return current_app.extensions["settings"].home


def _device() -> str:
    """The key that the server keeps for this person."""
    person = current_actor().person
    mine = (a.stream for a in ledger().authors() if a.person == person and a.server and a.revoked_last_seq is None)
    return next(mine, "")


def desk_of(device: str) -> Desk:
    """The labels of whoever asks, with the digital codes reserved for one of their keys."""
    party = current_actor().party
    address = current_app.extensions["settings"].address
    return Desk(ledger=ledger(), queries=queries(), party=party, device=device, home=_home(), address=address)


def _desk() -> Desk:
    return desk_of(_device())


def _has_key() -> bool:
    try:
        return bool(_desk().key)
    except NoLabelKey:
        return False


def _issued(site: str, first: str, count: int) -> list[str]:
    """The blank labels of a roll: those that this party issued at a site, from the statement `first` on."""
    told = [s.fact for s in queries().history(site) if isinstance(s.fact.event, LabelIssued)]
    mine = [f for f in told if f.by.party == current_actor().party]
    start = next((n for n, f in enumerate(mine) if f.id == first), None)
    if start is None:
        raise NoSuchPlace()
    return [cast(LabelIssued, f.event).label for f in mine[start : start + count]]


def _count() -> int:
    return max(1, min(request.args.get("count", default=1, type=int), ROLL_MAX))


def _chosen(key: str, among: tuple[str, ...]) -> str:
    """A choice of the address, the first where it names none; nothing is here for any other."""
    value = request.args.get(key, among[0])
    if value not in among:
        raise NoSuchPlace()
    return value


def _file(drawings: list[Drawing], form: str) -> Response:
    dpi = int(_chosen("dpi", ("203", "300", "600") if form == "zpl" else ("300", "203", "600")))
    match form:
        case "pdf":
            made: bytes | str = draw.pdf(drawings, sheet=cast(draw.Sheet, _chosen("sheet", SHEETS)))
        case "zpl":
            made = draw.zpl(drawings, dpi=dpi)
        case "png":
            made = draw.png(drawings[0], dpi=dpi)
        case "svg":
            made = draw.svg(drawings[0])
        case _:
            raise NoSuchPlace()
    response = Response(made, mimetype=FORMS[form], headers={"Cache-Control": "no-store"})
    response.headers["Content-Disposition"] = f'inline; filename="label.{form}"'
    return response
