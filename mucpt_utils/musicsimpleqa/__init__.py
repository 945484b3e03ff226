"""MusicSimpleQA: short single-answer questions about music, asked of any model and graded.

`build` makes them from facts, `ask` puts them to a model, `grading` grades the answers, `measures`
summarises the grades; `python -m mucpt_utils.musicsimpleqa --help` is the command.
"""
