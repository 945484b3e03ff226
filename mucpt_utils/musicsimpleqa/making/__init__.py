"""The making of the benchmark: its plan, questions from facts, their lint, strata, counts."""
