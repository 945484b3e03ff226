"""The rendered lane: clean documents written from facts."""
