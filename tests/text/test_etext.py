"""What Project Gutenberg puts around a book goes, from its own books, and is counted."""

import pytest
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import PassedOver, read_source, strip_gutenberg
from mucpt_utils.text.sources.prose import LICENCE

HEAD = "**The Project Gutenberg Etext of Operas, by A. Writer**\n\nSome legal words.\n\n"
SMALL_START = "***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***\n"
SMALL_END = "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n"
START = "*** START OF THE PROJECT GUTENBERG EBOOK OPERAS ***\n"
END = "*** END OF THE PROJECT GUTENBERG EBOOK OPERAS ***\nLicence words.\n"
BOOK = "\n\n".join(
    f"Chapter {n} of the book tells of the opera and its singers." for n in range(99)
)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}{SMALL_START}legal\n{SMALL_END}\n{BOOK}",
        f"{HEAD}{SMALL_END}\n{BOOK}\n\nEnd of Project Gutenberg's Operas",
        f"{HEAD}{START}\n{BOOK}\n\n{END}",
        f"{HEAD}{START}\nProduced by A. Scanner and B. Reader\n\n{BOOK}\n\n{END}",
        f"{HEAD}*** START OF THIS PROJECT GUTENBERG EBOOK OPERAS,\nOLD ***\n\n{BOOK}\n{END}",
        f"{HEAD}{START}\n{BOOK}\n\nEnd of the Project Gutenberg EBook of Songs,\nby A. W.\n\n{END}",
        f"{HEAD}{START}\n{BOOK}\n\n\nEnd of Project Gutenberg's Operas, by A. Writer\n\n\n{END}",
        f"{HEAD}{START}\n{BOOK}\n\nEnd of Project Gutenberg\n\nThis file should be named 1.txt.",
        f"{HEAD} {START}\n{BOOK}\n\n        ***{END[4:]}",
        f"{HEAD}*** START OF PROJECT GUTENBERG OPERAS ***\n{BOOK}\n*** END OF PROJECT GUTENBERG X",
    ],
)
def test_the_whole_book_and_nothing_else(text):
    assert strip_gutenberg(text)[0].strip() == BOOK


def test_small_print_behind_the_book_costs_no_book():
    body, _ = strip_gutenberg(f"{HEAD}{BOOK}\n\n{SMALL_START}no warranty\n{SMALL_END}")
    assert BOOK in body and "no warranty" not in body


@pytest.mark.parametrize(
    "text",
    [
        "Produced by Brian Eno in 1984, the album was sold by the million.\n\nIt was loud.",
        "Transcribed for piano by Liszt, the symphonies are hard.\n\nThey are long.",
        "The film.\n\nProduced by Distributed Films, it ran for years.",
        "Scanned scores were sent by post.\n\nProject Gutenberg is a library.",
        f"How such books begin.\n\n{'They begin so. ' * 60}\n\n{START}\nand then they go on.",
        "It says:\n\nEnd of Project Gutenberg, it says.",
        f"About small print.\n\n{SMALL_END}\nis how it ends.",
        f"# How to clean Project Gutenberg\n\n{'Keep it. ' * 90}\n\n```\n{START}```\n\nThat is it",
        f"How Project Gutenberg began.\n\n{'It was so. ' * 99}\n\n   {START}\nso they begin.",
        f"Notes on Project Gutenberg.\n\n{BOOK}\n\n{END}These are its words, and I go on.",
    ],
)
def test_texts_of_other_sources_stay_as_they_are(text):
    assert strip_gutenberg(text) == (text, {})


@pytest.mark.parametrize(
    "line",
    [
        "End of the Project Gutenberg text he had printed, he began again and went on.",
        "End of Project Gutenberg, said the sign, and the singers laughed at the end of the road.",
        "End of Project Gutenberg's first year: ten books, all of them typed by one man.",
    ],
)
def test_a_sentence_about_the_end_ends_no_book(line):
    book = f"{BOOK}\n\n{line}\n\n{BOOK}"
    assert strip_gutenberg(f"{HEAD}{START}\n{book}\n")[0].strip() == book


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (
            "***START** SMALL PRINT! for COPYRIGHT PROTECTED ETEXTS ***\nTITLE AND NOTICE:\n"
            "*SMALL PRINT! Ver.04.29.93 FOR COPYRIGHT PROTECTED ETEXTS*END*\n",
            "\n\nEnd of The Project Gutenberg Etext of Operas\n",
        ),
        (
            "*** START OF THE COPYRIGHTED PROJECT GUTENBERG EBOOK OPERAS ***\n",
            "\n\n*** END OF THE COPYRIGHTED PROJECT GUTENBERG EBOOK OPERAS ***\nLicence words.\n",
        ),
    ],
)
def test_a_book_that_is_copyrighted_loses_its_licence_and_says_so(start, end):
    body, stated = strip_gutenberg(f"{HEAD}{start}\n{BOOK}{end}")
    assert body.strip() == BOOK
    assert stated["licence"] == "Project Gutenberg License (copyrighted)"


@pytest.mark.parametrize("length", [2, 2000], ids=["short", "long"])
def test_of_several_books_in_a_file_all_are_read(length):
    names, whole, kept = ("ALPHA", "BETA", "GAMMA"), "", []
    for name in names:
        book = [f"{name}, paragraph {n}, is about the sea." for n in range(length)]
        kept += book
        whole += (
            f"The Project Gutenberg EBook of {name}\n\nTitle: {name}\n\nAuthor: A. Writer\n\n"
            f"{START.replace('OPERAS', name)}\nProduced by A. Reader\n\n" + "\n\n".join(book)
        )
        whole += f"\n\nEnd of Project Gutenberg's {name}, by A. Writer\n\n{END}\nMore licence.\n\n"
    body, stated = strip_gutenberg(whole)
    assert [p for p in body.split("\n\n") if p.strip()] == kept
    assert stated["creator"] == "A. Writer" and stated.get("title") is None


def test_paragraphs_inside_a_book_stay(tmp_path):
    inside = (
        "Produced by the Opera of Paris, the work was forgotten.\n\nTranscribed by Liszt, it lived."
    )
    half = "\n\n".join(BOOK.split("\n\n")[:50])
    body, _ = strip_gutenberg(f"{HEAD}{START}\n{half}\n\n{inside}\n\n{half}\n\n{END}")
    assert inside in body


@pytest.mark.parametrize(
    "opening",
    [
        "Produced in Leipzig by the old firm, the pianos of that year were sold at once.",
        "Produced by the Opera of Paris, the work was forgotten.",
        "Produced for the first time by Carl Rosa, with no scenery at all, it failed.",
        "Transcribed for the piano by a lady of the town, the march was heard in every house.",
        "Transcribed by Liszt, it lived.",
        "Digitized sounds, made by machines, fill the last chapter of this book.",
        "Scanned line by line, the verse is regular.",
        "Project Gutenberg was founded by Michael Hart, who typed the Declaration himself.",
        "PRODUCED BY THE OPERA OF PARIS, AND FORGOTTEN",
        "This book was prepared by my father, and by him alone.",
    ],
)
@pytest.mark.parametrize("at_the_end", [False, True], ids=["first", "last"])
def test_prose_at_either_end_of_a_book_stays_however_it_opens(opening, at_the_end):
    book = f"{BOOK}\n\n{opening}" if at_the_end else f"{opening}\n\n{BOOK}"
    assert strip_gutenberg(f"{HEAD}{START}\n{book}\n\n{END}")[0].strip() == book


@pytest.mark.parametrize(
    "credit",
    [
        "Produced by Dianne Bean",
        "Produced by Judith Boss, and David Widger",
        "Produced by Marc D'Hooghe.",
        "E-text prepared by Al Haines",
        "Scanned by Dianne Bean of Phoenix, AZ; OmniPage Pro software\ndonated by Caere",
        "Produced by A. Reader and the Online Distributed\nProofreading Team at http://www.pgdp.net",
        "Transcribed from the 1887 Macmillan and Co. edition by A. Reader, email a@example.org",
        "This etext was produced by A. Reader <a@example.org>, with\nhelp from proofreaders.",
        "(This file was produced from images generously made available by The Internet Archive.)",
        "Project Gutenberg's Operas, by A. Writer",
        "[Transcriber's Note: the spelling of the edition was kept.]",
    ],
)
def test_who_made_the_edition_is_no_part_of_the_book(credit):
    text = f"{HEAD}{START}\n{credit}\n\n{BOOK}\n\n{END}"
    assert strip_gutenberg(text)[0].strip() == BOOK


def test_names_alone_are_a_credit_only_where_the_edition_begins():
    text = f"{HEAD}{START}\n{BOOK}\n\nProduced by Judith Boss\n\n{END}"
    assert strip_gutenberg(text)[0].strip() == f"{BOOK}\n\nProduced by Judith Boss"


def test_what_is_cut_is_counted(tmp_path):
    (tmp_path / "a.txt").write_text(f"{HEAD}{START}\n{BOOK}\n\n{END}")
    items = list(read_source(tmp_path / "a.txt", tmp_path, SourceSettings()))
    words = sum(len(i.text.split()) for i in items if isinstance(i, Document))
    (cut,) = (item for item in items if isinstance(item, PassedOver))
    assert (cut.reason, cut.documents) == (LICENCE, 0)
    assert cut.words + words == len((tmp_path / "a.txt").read_text().split())


def test_the_end_of_the_small_print_may_lack_its_second_star():
    header = "The Project Gutenberg Etext of Themes\n\n***START**THE SMALL PRINT!**START***\nlaw\n"
    end = "*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.10.11.99*END*\n"
    book = "The first theme is given to the clarinet.\n" * 20
    body, _ = strip_gutenberg(f"{header}{end}{book}")
    assert body.strip() == book.strip()


LEGAL = "Why is this here? You know: lawyers. They tell us you might sue us.\n\n"
HALF_END = "*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.10.11.99*END*\n"


@pytest.mark.parametrize("name", ["", HEAD, "OPERAS, by A. Writer\n\n"])
@pytest.mark.parametrize(
    "start", [SMALL_START, "  " + SMALL_START, SMALL_START.replace("**T", "*T")]
)
@pytest.mark.parametrize("end", [SMALL_END, HALF_END, SMALL_END.replace("*END*T", "**END**T")])
def test_small_print_before_the_book_goes_whether_or_not_a_line_names_its_source(name, start, end):
    body, _ = strip_gutenberg(f"{name}{start}{LEGAL}{end}\n{BOOK}\n")
    assert body.strip() == BOOK


@pytest.mark.parametrize("length", [1, 30], ids=["short", "long"])
@pytest.mark.parametrize("start", ["", SMALL_START + LEGAL])
@pytest.mark.parametrize("end", [SMALL_END, HALF_END])
def test_small_print_at_the_end_of_the_file_goes_without_the_book(length, start, end):
    book = "\n\n".join([BOOK] * length)
    body, _ = strip_gutenberg(f"{book}\n\n{start}{end}\n")
    assert body.strip() == book


def test_prose_about_small_print_stays():
    quoted = f"An essay.\n\n{'It begins so. ' * 60}\n\n{SMALL_START}{LEGAL}{SMALL_END}\nand ends."
    assert strip_gutenberg(quoted) == (quoted, {})
