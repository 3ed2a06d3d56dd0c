"""What people see: server-rendered pages that read well without JavaScript, in Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from flask import Flask, redirect, request, url_for
from jinja2 import FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Response as AnyResponse

from api import errors
from api.pages import hints, shown
from ledger.accounts.errors import NotLoggedIn
from ledger.errors import LedgerError

PREFIX: Final = "page_"
"""Blueprints of pages are named so; their failures are pages too."""


def register(app: Flask) -> None:
    """Add every page to an app."""
    app.jinja_loader = FileSystemLoader(f"{__path__[0]}/templates")
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(shown.FILTERS)
    app.jinja_env.globals.update(shown.GLOBALS, hint=hints.hint)
    for module in sorted(module.name for module in iter_modules(__path__)):
        blueprint = getattr(import_module(f"api.pages.{module}"), "blueprint", None)
        if blueprint is not None:
            app.register_blueprint(blueprint)
    errors.show_with(app, is_page, failure)


def is_page() -> bool:
    """True when a person's browser asked for a page, or for a paper that pages lead to: a failure is then a page."""
    wanted = "text/html" in request.accept_mimetypes.values()
    if request.blueprint is None:
        return wanted and not request.path.startswith("/v1/")
    return request.blueprint.startswith(PREFIX) or (wanted and request.blueprint == "papers")


def failure(error: LedgerError) -> AnyResponse:
    """A failure as a page: what was expected, what came, what to do, and the law behind a refusal."""
    if isinstance(error, NotLoggedIn):
        unsaid = None if request.method == "GET" else "1"
        return redirect(url_for("page_entrance.sign_in", next=shown.here(), unsaid=unsaid), 303)
    problem = errors.problem(error)
    response = shown.page(
        "failure.html", problem=problem, heading=_heading(error, problem), error=error, retry=request.method == "GET"
    )
    response.status_code = problem["status"]
    return response


def _heading(error: LedgerError, problem: Mapping[str, Any]) -> str:
    """A failure's title, unless that is only the beginning of its sentence."""
    begun, hole, _ = shown.t(error.zh, error.en).partition("{")
    whole = not hole or begun.rstrip().endswith(("：", ":"))
    return str(problem["title"]) if whole else shown.t("未能办理", "This could not be done")
