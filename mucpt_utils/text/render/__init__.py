"""The rendered lane: clean documents written from facts."""

from mucpt_utils.text.render.documents import RenderError, render_documents
from mucpt_utils.text.render.questions import render_questions_and_answers
from mucpt_utils.text.render.wording import registers

__all__ = ["RenderError", "registers", "render_documents", "render_questions_and_answers"]
