"""How property tests run: few examples, the same ones every time, however slow the machine."""

from hypothesis import settings

PROPERTY = settings(max_examples=50, deadline=None, derandomize=True, database=None)
