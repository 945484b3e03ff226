"""Markup: words stay, marks go; what cannot be parsed is quarantined, and no other file is read."""

import pytest

from mucpt_utils.text.sources.base import Malformed
from mucpt_utils.text.sources.markup import strip_markup

MARKDOWN = """---
layout: post
---

##Opening gambits##

A *[chord](x://y)* is **loud**, `do` &amp; _mi_; snake_case stays. ![picture](z.png)<br>Next.

[![]({{ site.url }}/meyer.png)]({{ site.url }}/meyer.png)

- bow
- blow
  - softly

1. First, a paragraph.

2. Second.

| key | sharps |
|-----|--------|
| G   | 1      |
| D   | *2*    |

<div>Boxed<p>text</p><script>bad()</script></div>

An <b>inline</b> tag, <script>bad()</script> too. <!-- hidden -->

[ref]: x://elsewhere
"""
PROSE = """Opening gambits

A chord is loud, do & mi; snake_case stays.
Next.

- bow
- blow
- softly

1. First, a paragraph.

2. Second.

key | sharps
G | 1
D | 2

Boxedtext

An inline tag,  too."""

RESTRUCTURED = """Tempo
=====

See :doc:`metre </m>`, :custom:role:`~swing` and |beat| *now*, ``x``; `link <x://y>`_ [1]_.

.. a comment

* slow
* fast

#. one

   and more

.. note:: Mind the rests.

   They count.

.. seealso:: The other *page*.

.. versionadded:: 2.0
   Rubato came later.

.. toctree::
   :maxdepth: 2

   not/prose

.. image:: score.png
   :alt: nothing

+-----+-----+
| key | bpm |
+-----+-----+
| G   | 60  |
+-----+-----+

| verse one
| verse two

.. include:: {secret}

.. raw:: html

   <b>page</b>
"""
RESTRUCTURED_PROSE = """Tempo

See metre, swing and beat now, x; link .

- slow
- fast

1. one

and more

Mind the rests.

They count.

The other page.

Rubato came later.

key | bpm
G | 60

verse one
verse two"""


def test_markdown_gives_its_words_and_the_shape_of_lists_and_tables():
    lines = [line.rstrip() for line in strip_markup(MARKDOWN, ".md").rstrip().split("\n")]
    assert "\n".join(lines) == PROSE


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nFirst section, all prose.\n\n---\n\nSecond section.\n\n---\n\nThird.",
        "---\nFirst section: it is all prose.\nIt goes on for one line.\n\n---\n\nSecond section.",
        "---\n\nTitle: the name of a work.\n\n---\n\nSecond section.",
    ],
)
def test_a_rule_at_the_beginning_is_no_front_matter(text):
    assert " ".join(strip_markup(text, ".md").split()) == " ".join(text.replace("---", "").split())


@pytest.mark.parametrize(
    "matter",
    [
        "",
        "title: 'Opening: gambits'\ntags:\n- one\n- two\n\n# a note\nauthor:\n  name: A. B.\n",
        '"layout": post\ndate: 2014-05-03\nsummary: >\n  Words\n\n  and words\n',
    ],
)
@pytest.mark.parametrize("end", ["---", "---  ", "..."])
def test_front_matter_goes_alone(matter, end):
    text = f"---\n{matter}{end}\n\nFirst section.\n\n---\n\nSecond section."
    assert strip_markup(text, ".md") == "First section.\n\nSecond section."


def test_front_matter_of_hugo_goes_alone():
    matter = "title = 'Opening: gambits'\ntags = [\n  'one',\n]\n\n# a note\n[params]\nkey = 1\n"
    text = f"+++\n{matter}+++\n\nFirst section.\n\n+++\n\nSecond section."
    assert strip_markup(text, ".md") == "First section.\n\n+++\n\nSecond section."
    prose = "+++\n\nAll of it is prose.\n\n+++\n\nSecond section."
    assert strip_markup(prose, ".md") == prose


def test_restructured_text_gives_its_words_those_of_unknown_directives_too(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("another file")
    text = strip_markup(RESTRUCTURED.replace("{secret}", str(secret)), ".rst")
    assert text == RESTRUCTURED_PROSE, "and never another file's"


@pytest.mark.parametrize("kind", [".md", ".rst"])
def test_text_without_markup_stays(kind):
    prose = "The quartet plays.\n\nThe second theme follows,\nand the coda."
    assert strip_markup(prose, kind) == prose
    assert strip_markup("", kind) == ""


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        (".md", "*a "),
        (".md", "[a"),
        (".md", "> "),
        (".md", "<img "),
        (".rst", "`a "),
    ],
)
def test_a_line_of_nothing_but_markup_keeps_its_letters(kind, unit):
    text = strip_markup(unit * 2000, kind)
    assert text.count("a") == unit.count("a") * 2000


def test_a_text_that_the_parser_gives_up_on_is_quarantined():
    with pytest.raises(Malformed, match="rst that cannot be parsed: RecursionError"):
        strip_markup("* " * 2000, ".rst")
