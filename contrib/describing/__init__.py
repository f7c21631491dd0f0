"""What contrib/schema is made of."""
