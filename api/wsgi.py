"""What a WSGI server loads: the one module of the application with effects at import."""

from __future__ import annotations

from api import create_app
from api.observed import log_as_json
from ledger import bootstrap

log_as_json()
_settings = bootstrap.settings()
_ledger = bootstrap.open_ledger(_settings)
_queries = bootstrap.open_queries(_ledger)
app = create_app(
    _ledger,
    _queries,
    bootstrap.open_accounts(_ledger, _settings),
    _settings,
    webhooks=bootstrap.open_webhooks(_ledger, _queries, _settings),
)
