"""Accounts of people: a party's administrator lets in, changes, and erases; the operator lets in the first one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import fields, validate

from api.auth import Right, accounts, current_actor, ledger, requires
from api.browser import CsrfRefused
from api.openapi import operation
from api.resources.shapes import all_told, listed, shape, told
from api.resources.statements import single
from api.schemas import UUID7, RecordedOut, Strict, pattern
from ledger.accounts import ROLES, Person
from ledger.accounts.errors import LastAdministrator, NameTaken, NameUnfit, NoSuch, RoleUnknown
from ledger.store.group import Busy

blueprint = Blueprint("people", __name__, url_prefix="/v1/people")
PersonOut = shape(Person, "Person")
PeopleOut = listed(PersonOut, "People")
InvitedOut = shape(Person, "Invited", secret=fields.String(required=True, metadata={"description": "shown once"}))


def _roles(**more: Any) -> fields.List[Any]:
    return fields.List(fields.String(validate=validate.OneOf(ROLES)), validate=validate.Length(1, 6), **more)


class InviteIn(Strict):
    """`person` names somebody whose key the ledger has enrolled for the party; else it is a new person. With
    `custodial`, this server keeps a key for them, which waits for an administrator like any other."""

    name = pattern(r"[^\x00-\x1f]{1,64}", required=True)
    roles = _roles(required=True)
    party = pattern(f"party:{UUID7}")
    person = pattern(f"person:{UUID7}")
    regions = fields.List(fields.String(validate=validate.Length(1, 6)), validate=validate.Length(0, 100))
    custodial = fields.Boolean(truthy={True}, falsy={False})


class ChangeIn(Strict):
    """Other roles, or out and in again."""

    roles = _roles()
    disabled = fields.Boolean(truthy={True}, falsy={False})


@blueprint.get("")
@requires(Right.PEOPLE)
@operation("The accounts that I look after", tag="people", answers={200: PeopleOut})
def people() -> Response:
    return all_told(accounts().people(current_actor()))


@blueprint.post("")
@requires(Right.PEOPLE)
@operation(
    "Let somebody in: the answer holds the secret of the link that sets their password",
    tag="people",
    body=InviteIn,
    answers={201: InvitedOut},
    errors=(NameTaken, NameUnfit, RoleUnknown, NoSuch, CsrfRefused),
)
def invite(body: dict[str, Any]) -> Response:
    custodial = body.pop("custodial", False)
    if custodial and {"operator", "regulator"} & set(body["roles"]):
        raise RoleUnknown(expected="a device key of their own for authorities and operators", got="custodial")
    made, secret = accounts().invite(current_actor(), **body)
    if custodial:
        accounts().keys.wait(ledger().keep_key(party=made.party, person=made.person), admin="admin" in made.roles)
    return told(made, 201, secret=secret)


@blueprint.get("/<account>")
@requires(Right.PEOPLE)
@operation("One account", tag="people", answers={200: PersonOut}, errors=(NoSuch,))
def one(account: str) -> Response:
    return told(accounts().one(current_actor(), account))


@blueprint.patch("/<account>")
@requires(Right.PEOPLE)
@operation(
    "Change roles, or switch the account off or on; off ends its sessions",
    tag="people",
    body=ChangeIn,
    answers={200: PersonOut},
    errors=(NoSuch, LastAdministrator, CsrfRefused),
)
def change(account: str, body: dict[str, Any]) -> Response:
    if "roles" in body:
        accounts().set_roles(current_actor(), account, body["roles"])
    if "disabled" in body:
        accounts().disable(current_actor(), account, body["disabled"])
    return told(accounts().one(current_actor(), account))


@blueprint.post("/<account>/reset")
@requires(Right.PEOPLE)
@operation(
    "A new link that sets the password; one-time codes are switched off",
    tag="people",
    answers={200: InvitedOut},
    errors=(NoSuch, CsrfRefused),
)
def reset(account: str) -> Response:
    secret = accounts().reset(current_actor(), account)
    return told(accounts().one(current_actor(), account), secret=secret)


@blueprint.delete("/<account>")
@requires(Right.PEOPLE)
@operation(
    "Erase a person: account and clear text go, the ledger says so, every proof still holds",
    tag="people",
    answers={201: RecordedOut},
    errors=(NoSuch, LastAdministrator, Busy, CsrfRefused),
)
def erase(account: str) -> Response:
    # The ledger first: after a cut in between, the account is still there to ask again with.
    answer = ledger().erase(accounts().may_forget(current_actor(), account))
    accounts().forget(current_actor(), account)
    return single(answer)
