"""The one reader and writer between wire values (JSON) and typed values, derived from annotations.

A field is `bool`, `Literal[...]`, `dict[str, object]`, `tuple[T, ...]`, a frozen dataclass, `T | None` (absent on the
wire) or `Annotated[str | int, check]`. What equals its default is absent, so one value has one wire form.
"""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from ledger.errors import FormError

T = TypeVar("T")


class Codes(Protocol):
    """What a regime knows about the shape of codes; passed to every reader. Each check answers what was expected, when
    the value has not that shape in this regime."""

    def check_code(self, value: str) -> str | None:
        """A waste code."""

    def check_class(self, value: str) -> str | None:
        """What a licence names: a waste code or a class of them."""

    def check_identifier(self, scheme: str, value: str) -> str | None:
        """An identifier of `scheme`."""

    def check_manifest_number(self, value: str) -> str | None:
        """The number that the authority's own system gave a manifest."""

    def check_method(self, value: str) -> str | None:
        """A method of utilisation or disposal."""

    def check_region(self, value: str) -> str | None:
        """A region's code; what it begins with is the region above it."""

    def check_hazards(self, value: str) -> str | None:
        """The hazards of a waste, in the regime's own letters."""

    def period(self, name: str) -> tuple[str, str]:
        """The moments [start, end) of a named period."""


class AnyCodes:
    """Accepts every code: for bytes whose codes were checked when they were accepted."""

    def check_code(self, value: str) -> str | None:
        return None

    def check_class(self, value: str) -> str | None:
        return None

    def check_identifier(self, scheme: str, value: str) -> str | None:
        return None

    def check_manifest_number(self, value: str) -> str | None:
        return None

    def check_method(self, value: str) -> str | None:
        return None

    def check_region(self, value: str) -> str | None:
        return None

    def check_hazards(self, value: str) -> str | None:
        return None

    def period(self, name: str) -> tuple[str, str]:
        return "", ""


ANY_CODES = AnyCodes()
Reader = Callable[[Any, str, Codes], Any]


class WireError(FormError):
    """A field of an event is missing, unknown or malformed."""

    code = "bad-field"
    zh = "字段 {path} 不正确"
    en = "field {path} is not correct"


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """A string that matches `pattern` in full; `says` names the expectation."""

    pattern: re.Pattern[str]
    says: str

    def read(self, value: Any, path: str, codes: Codes) -> str:
        if type(value) is not str or self.pattern.fullmatch(value) is None:
            raise WireError(path=path, expected=self.says, got=_shown(value))
        return value


@dataclasses.dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `least` to `most`."""

    least: int
    most: int

    def read(self, value: Any, path: str, codes: Codes) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise WireError(path=path, expected=f"whole number {self.least}..{self.most}", got=_shown(value))
        return value


@dataclasses.dataclass(frozen=True, slots=True)
class Plain:
    """A text or a whole number: the value of a field that another event names."""

    def read(self, value: Any, path: str, codes: Codes) -> str | int:
        if type(value) not in (str, int) or (type(value) is str and not 0 < len(value) <= 2000):
            raise WireError(path=path, expected="a text or a whole number", got=_shown(value))
        return value  # type: ignore[no-any-return]


@dataclasses.dataclass(frozen=True, slots=True)
class RegimeCode:
    """A code in the shape of the ledger's regime; `says` names it, `check` asks the regime."""

    says: str
    check: Callable[[Codes, str], str | None]

    def read(self, value: Any, path: str, codes: Codes) -> str:
        expected = self.says if type(value) is not str else self.check(codes, value)
        if expected is not None:
            raise WireError(path=path, expected=expected, got=_shown(value))
        return str(value)


def text(pattern: str, says: str) -> Text:
    """A `Text` check from a pattern."""
    return Text(re.compile(pattern), says)


def read(cls: type[T], value: object, codes: Codes, path: str = "") -> T:
    """`value` as a `cls`; raises WireError naming the path, what was expected and what came."""
    return reader(cls)(value, path, codes)  # type: ignore[no-any-return, arg-type]


def write(value: Any) -> Any:
    """The wire form of a typed value; absent fields are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out = {}
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if inner is None or inner == field.default:
                continue
            out[wire_name(field.name)] = write(inner)
        return out
    if isinstance(value, tuple):
        return [write(item) for item in value]
    return value


def wire_name(name: str) -> str:
    """`from_` is a word of Python's own: its trailing underscore is not on the wire."""
    return name.rstrip("_")


@cache
def reader(annotation: Any) -> Reader:
    """The reader of an annotation, compiled once."""
    if annotation is bool:
        return _read_bool
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _dataclass_reader(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return args[1].read  # type: ignore[no-any-return]
    if origin is Literal:
        return _literal_reader(args)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return _list_reader(reader(args[0]))
    if origin is dict:
        return _read_object
    if origin in (Union, types.UnionType):
        inner = [a for a in args if a is not type(None)]
        if len(inner) == 1:
            return reader(inner[0])
    raise TypeError(f"no wire form for {annotation!r}")


def _dataclass_reader(cls: type) -> Reader:
    hints = get_type_hints(cls, include_extras=True)
    fields = [(wire_name(f.name), f.name, reader(hints[f.name]), f.default) for f in dataclasses.fields(cls)]
    known = {wire for wire, *_ in fields}
    check = getattr(cls, "check", None)
    new, opened, missing = object.__new__, open_twin(cls), dataclasses.MISSING

    def read_fields(value: Any, path: str, codes: Codes) -> Any:
        if type(value) is not dict:
            raise WireError(path=path or "body", expected="an object", got=_shown(value))
        dot = path + "." if path else ""
        made: Any = new(opened)
        present = 0
        for wire, name, read_one, default in fields:
            if wire in value:
                inner = read_one(value[wire], dot + wire, codes)
                if default is not None and default is not missing and inner == default:
                    raise WireError(
                        path=dot + wire, expected="absent, as that is what absent means", got=_shown(value[wire])
                    )
                present += 1
            elif default is missing:
                raise WireError(path=dot + wire, expected="present", got="absent")
            else:
                inner = default
            setattr(made, name, inner)
        if present != len(value):
            unknown = min(set(value) - known)
            raise WireError(path=dot + unknown, expected="one of " + ", ".join(sorted(known)), got="unknown field")
        made.__class__ = cls
        if check is not None:
            check(made, path, codes)
        return made

    return read_fields


def known(cls: type[T], value: Any) -> T:
    """`value` as a `cls`, as `read` would give it: for what was read strictly before, and cannot be wrong."""
    made: T = _maker(cls)(value)  # type: ignore[arg-type,misc]
    return made


def is_plain(annotation: Any) -> bool:
    """Whether the typed value is the wire value itself: it holds no other typed value."""
    return _maker(annotation) is None


@cache
def _maker(annotation: Any) -> Callable[[Any], Any] | None:
    """Makes the typed value; None where it is the wire value itself."""
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _compiled(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        one = _maker(args[0])
        return tuple if one is None else lambda value: tuple([one(item) for item in value])
    if origin in (Union, types.UnionType):
        return _maker(next(a for a in args if a is not type(None)))
    return None


@cache
def open_twin(cls: type) -> type:
    """An open twin of a frozen dataclass: filled and then closed, where its own way, field by field, takes five times
    as long."""
    # Both, as Python keeps one place for the two: it is the quick one only if neither is written in Python.
    writable = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(cls.__name__, (cls,), {"__slots__": (), **writable})


def _compiled(cls: type) -> Callable[[Any], Any]:
    """Fills an open twin. Written out as dataclasses write their own methods."""
    hints = get_type_hints(cls, include_extras=True)
    names: dict[str, Any] = {"new": object.__new__, "closed": cls, "opened": open_twin(cls)}
    lines = ["def make(value):", "made = new(opened)"]
    for n, field in enumerate(dataclasses.fields(cls)):
        wire, maker = wire_name(field.name), _maker(hints[field.name])
        names |= {f"make_{n}": maker, f"default_{n}": field.default}
        said = f"value['{wire}']" if maker is None else f"make_{n}(value['{wire}'])"
        absent = "" if field.default is dataclasses.MISSING else f" if '{wire}' in value else default_{n}"
        lines.append(f"made.{field.name} = {said}{absent}")
    exec("\n ".join([*lines, "made.__class__ = closed", "return made"]), names)
    made: Callable[[Any], Any] = names["make"]
    return made


def _literal_reader(allowed: tuple[Any, ...]) -> Reader:
    members = frozenset(allowed)

    def read_literal(value: Any, path: str, codes: Codes) -> Any:
        if type(value) is not str or value not in members:
            raise WireError(path=path, expected="one of " + ", ".join(map(str, allowed)), got=_shown(value))
        return value

    return read_literal


def _list_reader(read_one: Reader) -> Reader:
    def read_list(value: Any, path: str, codes: Codes) -> tuple[Any, ...]:
        if type(value) is not list:
            raise WireError(path=path, expected="a list", got=_shown(value))
        return tuple([read_one(item, f"{path}.{n}", codes) for n, item in enumerate(value)])

    return read_list


def _read_bool(value: Any, path: str, codes: Codes) -> bool:
    # False is the default of every flag and is absent, so that one value has one wire form.
    if value is not True:
        raise WireError(path=path, expected="true or absent", got=_shown(value))
    return True


def _read_object(value: Any, path: str, codes: Codes) -> dict[str, object]:
    if type(value) is not dict:
        raise WireError(path=path, expected="an object", got=_shown(value))
    return value


def replaced(body: Mapping[str, Any], path: str, new: Any) -> dict[str, Any]:
    """`body` with the value at the dotted `path` replaced; raises WireError when the path leads nowhere."""
    head, _, rest = path.partition(".")
    inner: Any = dict(body)
    if head not in inner:
        raise WireError(path=path, expected="a field of the corrected event", got="absent")
    if not rest:
        inner[head] = new
    elif isinstance(inner[head], list):
        place, _, deeper = rest.partition(".")
        items = list(inner[head])
        if not place.isdigit() or int(place) >= len(items):
            raise WireError(path=path, expected=f"a position below {len(items)}", got=place)
        items[int(place)] = replaced(items[int(place)], deeper, new) if deeper else new
        inner[head] = items
    elif isinstance(inner[head], dict):
        inner[head] = replaced(inner[head], rest, new)
    else:
        raise WireError(path=path, expected="a field of the corrected event", got="a plain value on the way")
    return inner  # type: ignore[no-any-return]


def value_at(body: Any, path: str) -> Any:
    """The wire value at the dotted `path`, or None when nothing is there."""
    for part in path.split("."):
        if isinstance(body, list):
            body = body[int(part)] if part.isdigit() and int(part) < len(body) else None
        elif isinstance(body, dict):
            body = body.get(part)
        else:
            return None
    return body


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
