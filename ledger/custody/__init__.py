"""What is remembered: waste, its containers, manifests and grams; pure, no bytes, no database, no clock."""
