"""What a label says of a container, in the words of HJ 1276: from its birth, its waste profile and its producer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from ledger.custody.container import Container
from ledger.custody.events.containers import Birth
from ledger.custody.events.registry import PartyRegistered, WasteProfileRegistered
from ledger.custody.fact import Fact
from ledger.labels.digital import PENDING
from ledger.labels.layout import Kind, LabelText

FORMS: Final = {"solid": "固态", "semi-solid": "半固态", "liquid": "液态", "gas": "气态"}
_hazards = re.compile(r"In|T|C|I|R").findall


def kind_for(classes: Iterable[str]) -> Kind:
    """Which label a waste of these classes wears: HW01 the medical, other HW the hazardous, all else the plain one."""
    for each in classes:
        if each.startswith("HW"):
            return "medical" if each == "HW01" else "hazardous"
    return "general"


def birth_of(facts: Iterable[Fact]) -> Birth | None:
    """How a container began, from its facts in order of happening."""
    return next((fact.event for fact in facts if isinstance(fact.event, Birth)), None)


def wording(
    *,
    link: str,
    thing: Container,
    birth: Birth | None,
    profile: WasteProfileRegistered | None,
    producer: PartyRegistered | None,
    category: str,
    kind: Kind,
    listed: str,
    day: str,
    digital_code: str = "",
    contact: str = "",
) -> LabelText:
    """The label of a container; `category` is its class with the class' name, `listed` the hazards that the catalogue
    has for its code, where nobody said others, `day` that of its birth.

    A waste reclassified since is named by its code of today; what its profile said of the old one is left out.
    """
    same = birth is not None and birth.code == thing.code
    hazards = (birth.hazards if birth is not None and same else None) or listed
    return LabelText(
        kind=kind,
        link=link,
        name=thing.name,
        category=category,
        code=thing.code,
        form=FORMS.get((birth.form if birth else None) or (profile.form if profile else ""), ""),
        components=(profile.components if profile else None) or "",
        harmful=(profile.harmful if profile and same else None) or "",
        hazards=tuple(dict.fromkeys(_hazards(hazards))),
        precautions=(profile.precautions if profile else None) or "",
        digital_code=digital_code or PENDING,
        unit=producer.name if producer is not None else "",
        contact=contact or (producer.duty_phone if producer is not None else None) or "",
        day=day,
        mass="" if thing.mass_unknown or not thing.net_g else kilograms(thing.net_g),
        remarks=f"容器编码 {thing.container_code}" if thing.container_code else "",
    )


def kilograms(grams: int) -> str:
    """Grams as kilograms, exactly."""
    return f"{Decimal(grams).scaleb(-3).normalize():f} kg"
