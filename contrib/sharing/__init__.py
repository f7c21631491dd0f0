"""What contrib/clients is made of."""
