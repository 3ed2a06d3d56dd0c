"""What the product is: a chain-of-custody ledger for hazardous and solid waste."""
