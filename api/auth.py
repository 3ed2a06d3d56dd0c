"""Who may call a view: every view names its right, and the one place where a token or session becomes an actor."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from flask import current_app, g, request

from api.browser import session_actor
from ledger.access import NOTHING, Viewer
from ledger.accounts.actor import Actor
from ledger.accounts.errors import NotAllowed, NotLoggedIn
from ledger.queries import Unknown
from ledger.service import NotFound

if TYPE_CHECKING:
    from ledger.accounts import Accounts
    from ledger.accounts.webhooks import Webhooks
    from ledger.queries import Queries
    from ledger.reading import Reading
    from ledger.service import Ledger, Record

F = TypeVar("F", bound=Callable[..., Any])
_BUSINESS = frozenset({"admin", "clerk", "disposer", "driver", "regulator"})


class Right(Enum):
    """What a view asks of its caller: (one of these roles of a person, one of these scopes of a token or link).

    None stands for anybody let in; an empty set for nobody of that kind.
    """

    PUBLIC = ()
    ANYBODY = (None, None)
    READ = (_BUSINESS, frozenset({"read"}))
    SEND = (None, frozenset({"statements:write"}))
    # Through the custodial key of the person logged in: what anybody at work does, or all but drivers do.
    ACT = (_BUSINESS - {"regulator"}, frozenset[str]())
    HANDLE = (_BUSINESS - {"regulator", "driver"}, frozenset[str]())
    MIRROR = (frozenset[str](), frozenset({"mirror"}))
    ADMINISTER = (frozenset({"admin"}), frozenset[str]())
    OPERATE = (frozenset({"operator"}), frozenset[str]())
    PERSON = (None, frozenset[str]())  # somebody logged in, whatever their roles
    VERIFY = (frozenset({"operator", "regulator"}), frozenset[str]())
    OVERSEE = (frozenset({"regulator"}), frozenset[str]())
    PEOPLE = (frozenset({"admin", "operator"}), frozenset[str]())
    TOKENS = (frozenset({"admin", "regulator"}), frozenset[str]())
    WEBHOOKS = (frozenset({"admin"}), frozenset({"webhooks"}))


def requires(right: Right) -> Callable[[F], F]:
    """Let the view be called only by who has the right."""

    def decorate(view: F) -> F:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if right is not Right.PUBLIC:
                verify_right(current_actor(), right)
            return view(*args, **kwargs)

        guarded.right = right  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def verify_right(actor: Actor, right: Right) -> Actor:
    """The actor, shown to have the right; raises NotAllowed."""
    if right is Right.PUBLIC:
        return actor
    roles, scopes = right.value
    wanted, held = (roles, actor.roles) if actor.via == "session" else (scopes, actor.scopes)
    allowed = wanted is None or bool(wanted & held)
    if not allowed:
        raise NotAllowed(what_zh="进行此操作", what="do this", expected=right.name.lower(), got=actor.via)
    return actor


def current_actor() -> Actor:
    """Who calls; raises NotLoggedIn."""
    actor = found_actor()
    if actor is None:
        raise NotLoggedIn()
    return actor


def found_actor() -> Actor | None:
    """Who calls, by `Authorization: Bearer` or by session; None for nobody."""
    if "actor" not in g:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            g.actor = accounts().actor_for_token(secret.strip())
        else:
            g.actor = session_actor(accounts())
    found: Actor | None = g.actor
    return found


def current_viewer() -> Viewer:
    """What the caller is shown."""
    return viewer_of(current_actor())


def viewer_of(actor: Actor) -> Viewer:
    """A regulator sees everybody's or its regions', a driver its own jobs, operators nothing, others their party's."""
    if "regulator" in actor.roles:
        return reading().of_regions(actor.regions)
    if actor.via == "link" or actor.roles & {"admin", "clerk", "disposer"}:
        return Viewer(who=frozenset({actor.party}), own=frozenset({actor.party}))
    if "driver" in actor.roles:
        return Viewer(who=frozenset({actor.person}))
    return NOTHING


def record_shown(name: str) -> Record:
    """A statement's record, when the caller takes part in it; another's is answered like one that does not exist."""
    try:
        return reading().check_record(current_viewer(), ledger().record_of(name))
    except Unknown:
        raise NotFound(what=f"record {name}") from None


def ledger() -> Ledger:
    """The ledger that this app serves."""
    found: Ledger = current_app.extensions["ledger"]
    return found


def queries() -> Queries:
    """Its projections."""
    found: Queries = current_app.extensions["queries"]
    return found


def reading() -> Reading:
    """Its projections, for one reader."""
    found: Reading = current_app.extensions["reading"]
    return found


def accounts() -> Accounts:
    """Who can log in."""
    found: Accounts = current_app.extensions["accounts"]
    return found


def webhooks() -> Webhooks:
    """Where news are sent."""
    found: Webhooks = current_app.extensions["webhooks"]
    return found
