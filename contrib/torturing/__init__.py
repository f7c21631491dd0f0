"""What contrib/torture is made of."""
