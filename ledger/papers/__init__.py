"""Papers: what each states, how it looks, the proofs that travel with it, and their check without a ledger."""
