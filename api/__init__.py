"""The web application: made from what it is given, with no effect at import."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from api import errors, limits, observed, pages, resources

if TYPE_CHECKING:
    from ledger.accounts import Accounts
    from ledger.queries import Queries
    from ledger.service import Ledger
    from ledger.settings import Settings


def create_app(ledger: Ledger, queries: Queries, accounts: Accounts, settings: Settings, **extensions: Any) -> Flask:
    """The application over one ledger. `extensions` are further parts that blueprints ask for by name."""
    from ledger.reading import Reading
    from ledger.store.database import UNREACHABLE

    app = Flask(__name__, static_folder=None)
    app.config["MAX_FORM_MEMORY_SIZE"] = 64 * 1024
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.extensions.update(
        ledger=ledger,
        queries=queries,
        reading=Reading(queries),
        accounts=accounts,
        settings=settings,
        unreachable=UNREACHABLE,
        **extensions,
    )
    errors.register(app)
    observed.register(app)
    app.before_request(_refuse_nul)
    if settings.proxies:
        # Otherwise everybody behind the proxy would be one address to the throttle, and anybody any address.
        one = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=one, x_proto=one, x_host=one)  # type: ignore[method-assign]
    limits.register(app, settings)
    for module in sorted(module.name for module in iter_modules(resources.__path__)):
        blueprint = getattr(import_module(f"api.resources.{module}"), "blueprint", None)
        if blueprint is not None:
            app.register_blueprint(blueprint)
    pages.register(app)
    return app


def _refuse_nul() -> None:
    """No name holds a NUL, and PostgreSQL takes none."""
    if "\0" in request.path:
        raise errors.NoSuchPlace()
    if request.query_string and any("\0" in each for each in request.args.values()):
        raise errors.BadRequest(expected="no NUL", got="NUL")
