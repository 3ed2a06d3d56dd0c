"""Every named failure can be told apart by its code and says itself in Chinese and English."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import ledger
from ledger.errors import LedgerError


def all_errors() -> list[type[LedgerError]]:
    for module in pkgutil.walk_packages(ledger.__path__, "ledger."):
        importlib.import_module(module.name)

    def below(error: type[LedgerError]) -> Iterator[type[LedgerError]]:
        yield error
        for kind in error.__subclasses__():
            yield from below(kind)

    return list(dict.fromkeys(below(LedgerError)))


def test_every_error_has_a_code_of_its_own_in_kebab_case() -> None:
    owner: dict[str, type[LedgerError]] = {}
    for error in all_errors():
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", error.code), f"{error.__qualname__}: {error.code!r}"
        assert owner.setdefault(error.code, error) is error, f"{error} and {owner[error.code]} share {error.code!r}"
        assert "code" in vars(error), f"{error.__qualname__} inherits the code of its parent"


def test_every_error_says_the_same_fields_in_chinese_and_in_english() -> None:
    for error in all_errors():
        assert "zh" in vars(error), f"{error.__qualname__} has no Chinese words of its own"
        assert "en" in vars(error), f"{error.__qualname__} has no English words of its own"
        assert re.search(r"[\u4e00-\u9fff]", error.zh), f"{error.__qualname__}: expected Chinese, got {error.zh!r}"
        assert error.en.isascii(), f"{error.__qualname__}: expected plain English, got {error.en!r}"
        holes = re.compile(r"{(\w+)")
        assert sorted(set(holes.findall(error.zh))) == sorted(set(holes.findall(error.en))), error.__qualname__
