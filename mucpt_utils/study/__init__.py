"""The study as stages, each made once: text, models, scores, runs; side by side over the cores."""
