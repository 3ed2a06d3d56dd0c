"""The web application: made from what it is given, with no effect at import."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.middleware.proxy_fix import ProxyFix

from api import bodies, errors, limits, observed, pages, resources
from api.resources.log import tiles_first
from api.resources.statements import statements_first

if TYPE_CHECKING:
    from ledger.accounts import Accounts
    from ledger.queries import Queries
    from ledger.service import Ledger
    from ledger.settings import Settings


def create_app(ledger: Ledger, queries: Queries, accounts: Accounts, settings: Settings, **extensions: Any) -> Flask:
    """The application over one ledger. `extensions` are further parts that blueprints ask for by name."""
    from ledger.reading import Reading
    from ledger.store.database import UNREACHABLE

    app = _App(__name__, static_folder=None)
    app.session_interface = _NoSessions()
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.extensions.update(
        ledger=ledger,
        queries=queries,
        reading=Reading(queries),
        accounts=accounts,
        settings=settings,
        unreachable=UNREACHABLE,
        tiles={},
        **extensions,
    )
    errors.register(app)
    app.wsgi_app = tiles_first(app.wsgi_app, app.extensions["tiles"])  # type: ignore[method-assign, assignment]
    app.wsgi_app = statements_first(app.wsgi_app, app.extensions)  # type: ignore[method-assign, assignment]
    bodies.register(app)
    observed.register(app)
    if settings.proxies:
        # Otherwise everybody behind the proxy would be one address to the throttle, and anybody any address.
        one = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=one, x_proto=one, x_host=one)  # type: ignore[method-assign]
    limits.register(app, settings)
    app.before_request(_refuse_nul)
    for module in sorted(module.name for module in iter_modules(resources.__path__)):
        blueprint = getattr(import_module(f"api.resources.{module}"), "blueprint", None)
        if blueprint is not None:
            app.register_blueprint(blueprint)
    pages.register(app)
    return app


class _App(Flask):
    """No view is asynchronous, so none is looked at for that, six times a request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


class _NoSessions(SessionInterface):
    """Flask's own sessions are not used: nothing can be put into them."""

    _none = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return self._none


def _refuse_nul() -> None:
    """No name holds a NUL, and PostgreSQL takes none."""
    if "\0" in request.path:
        raise errors.NoSuchPlace()
    given = [*(request.args.listvalues() if request.query_string else ())]
    given += request.form.listvalues() if request.mimetype in bodies.FORMS else ()
    if any("\0" in each for values in given for each in values):
        raise errors.BadRequest(expected="no NUL", got="NUL")
