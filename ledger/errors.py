"""One tree of named failures, each with a stable code and its words in Chinese and English; knows no HTTP."""

from __future__ import annotations

from typing import ClassVar


class LedgerError(Exception):
    """A named failure. `code` never changes; `zh` and `en` are templates filled from the keyword fields.

    Every failure says what was expected and what came: pass `expected=` and `got=` wherever both are known.
    """

    code: ClassVar[str] = "error"
    zh: ClassVar[str] = "出错：{detail}"
    en: ClassVar[str] = "error: {detail}"

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(self.says("en"))

    def says(self, lang: str) -> str:
        """The failure in words, `lang` being "zh" or "en"."""
        fields = {key: each.says(lang) if isinstance(each, LedgerError) else each for key, each in self.fields.items()}
        words = (self.zh if lang.startswith("zh") else self.en).format_map(_Blank(fields))
        expected, got = self.fields.get("expected"), self.fields.get("got")
        if expected is not None:
            words += f"；应为 {expected}" if lang.startswith("zh") else f"; expected {expected}"
        if got is not None:
            words += f"，实为 {got}" if lang.startswith("zh") else f", got {got}"
        return words


class _Blank(dict[str, object]):
    """Leaves a template's hole readable when a field was not given."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


class FormError(LedgerError):
    """The bytes do not have the form they must have; nothing is written."""

    code = "bad-form"
    zh = "格式错误：{detail}"
    en = "bad form: {detail}"


class ProofError(LedgerError):
    """A proof, signature or hash does not show what it claims."""

    code = "bad-proof"
    zh = "证明不成立：{detail}"
    en = "proof does not hold: {detail}"
