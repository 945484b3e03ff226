"""MusicSimpleQA: short single-answer questions about music, asked of any model and graded.

questions builds them from facts, ask puts them to a model, grading grades the answers, measures
sums them up; `python -m mucpt_utils.musicsimpleqa --help` is the command.
"""
