"""How it is remembered: canonical bytes, chains, one Merkle log, its proofs; knows nothing of waste, usable alone."""
