"""Every kind of event, by its wire name. One decorated frozen dataclass in one module is all that a new one needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, get_type_hints

from ledger.custody import wire
from ledger.custody.wire import Codes
from ledger.errors import FormError

if TYPE_CHECKING:
    from ledger.custody.container import Container, Manifest
    from ledger.custody.fact import Fact
    from ledger.custody.postings import Posting
    from ledger.custody.rules import Refusal

E = TypeVar("E", bound="type[Event]")
Right = Literal[
    "anybody", "operator", "registrar", "licensing", "settings", "supervision", "admin", "registrar-or-admin"
]

FAMILIES = (
    "ledger",
    "registry",
    "authority",
    "containers",
    "stock",
    "movement",
    "journeys",
    "treatment",
    "correction",
    "oversight",
)


class UnknownEvent(FormError):
    """The statement's type names no event that this version knows."""

    code = "unknown-event"
    zh = "不认识的事件类型"
    en = "unknown event type"


class AboutDiffers(FormError):
    """The statement's `about` is not what its event derives."""

    code = "about-differs"
    zh = "about 与事件所涉对象不一致"
    en = "about does not name the objects that the event concerns"


class Event:
    """What happened, in the past tense; published formats never change (a new one is `name.2`).

    `author` says whose key may sign it; `correctable` lists the fields that `entry-corrected` may name (`*` stands for
    a position in a list).
    """

    type: ClassVar[str]
    author: ClassVar[Right] = "anybody"
    correctable: ClassVar[tuple[str, ...]] = ()
    allowance: ClassVar[str] = "recording-hours"

    def streams(self, party: str) -> frozenset[str]:
        """The objects the event concerns; the statement's `about` must name exactly these."""
        raise NotImplementedError(self.type)

    def actors(self) -> frozenset[str] | None:
        """The parties that can have done this; None when anybody with the right can."""
        return None

    def containers(self) -> tuple[str, ...]:
        """The containers whose state or grams the event touches."""
        return ()

    def begins(self) -> tuple[str, ...]:
        """The containers and manifests that begin with it."""
        return ()

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        """The rules that an *intention* breaks; a physical fact is never refused but for being told twice."""
        return iter(())

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        """Bring one object's state forward; called in the order of happening."""

    def post(self, fact: Fact) -> Iterator[Posting]:
        """The grams the event moves by its own content."""
        return iter(())

    def sealed(self) -> Iterator[tuple[str, str, str]]:
        """(field path, commitment, subject person or "" for the author) of every sealed field."""
        return _sealed(self, "", "")


Things = Mapping[str, "Container | Manifest | None"]

_TYPES: dict[str, type[Event]] = {}


def event(name: str) -> Callable[[E], E]:
    """Publish an event class under its wire name, as a frozen keyword-only dataclass."""

    def publish(cls: E) -> E:
        cls.type = name
        made = dataclasses.dataclass(frozen=True, slots=True, kw_only=True)(cls)
        if _TYPES.setdefault(name, made) is not made and _TYPES[name].__qualname__ != made.__qualname__:
            raise TypeError(f"two events are called {name}")
        _TYPES[name] = made
        return made  # type: ignore[return-value]

    return publish


@cache
def event_types() -> dict[str, type[Event]]:
    """All event classes by wire name; asking loads the modules."""
    for family in FAMILIES:
        import_module(f"ledger.custody.events.{family}")
    return dict(sorted(_TYPES.items()))


def parse(type_: str, body: dict[str, Any], codes: Codes) -> Event:
    """The typed event of a statement's type and body; `codes` is the ledger's regime.

    Raises UnknownEvent or WireError (path, expected, got).
    """
    cls = event_types().get(type_)
    if cls is None:
        raise UnknownEvent(expected="a type known to this version", got=type_)
    return wire.read(cls, body, codes)


def known(type_: str, body: dict[str, Any]) -> Event:
    """As `parse` gives it, of a body that was parsed before. Raises UnknownEvent."""
    cls = event_types().get(type_)
    if cls is None:
        raise UnknownEvent(expected="a type known to this version", got=type_)
    return wire.known(cls, body)


def body_of(event: Event) -> dict[str, Any]:
    """The wire form of an event's fields."""
    return wire.write(event)  # type: ignore[no-any-return]


def about_of(event: Event, party: str) -> list[str]:
    """The statement's `about` for this event."""
    return sorted(event.streams(party))


def check_about(event: Event, party: str, about: tuple[str, ...]) -> None:
    """Raises AboutDiffers unless `about` names exactly the objects that the event concerns."""
    expected = about_of(event, party)
    if list(about) != expected:
        raise AboutDiffers(expected=" ".join(expected), got=" ".join(about))


def _sealed(value: Any, path: str, subject: str) -> Iterator[tuple[str, str, str]]:
    kind: Any = type(value)
    if kind is tuple:
        for n, item in enumerate(value):
            if type(item) is not str:
                yield from _sealed(item, f"{path}.{n}", subject)
        return
    commitment = getattr(value, "sealed", None)
    if isinstance(commitment, str):
        yield path, commitment, subject
        return
    subject = getattr(value, "person", None) or subject
    for name, on_wire in _fields(kind):
        inner = getattr(value, name)
        if inner is not None:
            yield from _sealed(inner, f"{path}.{on_wire}" if path else on_wire, subject)


@cache
def _fields(kind: Any) -> tuple[tuple[str, str], ...]:
    """The fields of a dataclass that hold more than a plain value, with their names on the wire; none of anything
    else."""
    if not dataclasses.is_dataclass(kind):
        return ()
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in dataclasses.fields(kind)]
    return tuple((name, wire.wire_name(name)) for name in names if not wire.is_plain(hints[name]))
