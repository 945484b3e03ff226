"""Benchmark questions in a text: what asks, of which subject, and whether it is that question."""
