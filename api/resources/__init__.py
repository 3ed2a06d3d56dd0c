"""JSON blueprints: each view loads, asks the ledger and answers."""
