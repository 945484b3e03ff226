"""The study as stages, each made once, in parallel over the cores: text, models, scores, runs."""
