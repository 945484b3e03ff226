"""Capitalised words that cannot be the name asked for: `Perfect question!`, a studio, an age."""

import re

from mucpt_utils.musicsimpleqa.grader.readings import Reading, forms_of
from mucpt_utils.musicsimpleqa.grader.rules import RULES, level
from mucpt_utils.musicsimpleqa.grader.words import ARTICLES, lower

# a number where only a title can be
NUMERAL = re.compile(
    r"(?:\A|[.:–] |/|\b(?:is|it's|it was|to|with|say|answer|so|be|or|not|called|titled|named) )"
    r"(\d{1,4})(?=\W*\Z|[.!]\s|:? (?:fits|is right|is correct)|,? by )"
)
COUNTRYMAN = re.compile(r"(?:wo)?m[ae]n\Z")
# before a person who played with somebody, also the second of two
FELLOW = re.compile(
    r"(?<!go )(?<!going )(?<!stick )(?<!settle )\b(?:with|alongside)"
    r" (?:[A-Z][\w'.-]* ){0,3}(?:[A-Z][\w'.-]*,? and )?\Z"
)
ON_TITLE = re.compile(r"\b(?:from|on) \Z")
NOUNS = frozenset({"question", "answer", "response", "knowledge"})  # among the function words
RECORD_NUMBER = re.compile(r" \d{3,}(?=[,;.)]|\Z)")  # "Blue Note BLP 4195"
PRIZES = frozenset({"award", "awards", "prize", "prizes", "ceremony", "medal", "globe", "globes"})
PRIZES |= {"oscar", "oscars", "grammy", "grammys", "pulitzer", "bafta", "baftas", "emmy", "emmys"}
# what comes right before a prize that somebody or something won, or would have
WON = re.compile(
    r"\b(?:w[io]n|wins|winning|earned|received|(?:nominated|shortlisted|up) for)"
    r"(?: (?:it|him|her|them))?(?: (?:the|an?|its|his|her|their|one|two|three|of|\d+)){0,3} \Z"
)
# "won Sweden the contest"
FOR_SOMEBODY = re.compile(r" (?:the|an?|his|her|their|its)\b")
ARTICLE_OR_OWNER = frozenset({*ARTICLES, "its", "his", "her", "their"})
CATEGORY = re.compile(r"(?:Best|Outstanding) [A-Z]|(?:[A-Z]\w+ ){1,3}of the Year\b")
FOR_CATEGORY = re.compile(r"\b(?:for|as|in|of|and|won|winning)(?: the)? \Z")


def is_national(word: str) -> bool:
    """Whether a word says where somebody is from: `Japanese`, `Dutchman`."""
    return word in RULES.demonyms or COUNTRYMAN.sub("", word) in RULES.demonyms


def is_known_person(name: str) -> bool:
    """Whether a name of several words begins with a given name."""
    forms = forms_of(name)
    return len(forms) > 1 and forms[0] in RULES.first_names and "'s " not in name


def opens_phrase(reading: Reading, index: int) -> bool:
    """Whether an ordinary word has its capital from the sentence only: `Perfect question!`"""
    if not reading.begins_sentence(index) or reading.gap(index) != " ":
        return False
    following = reading.words[index + 1]
    if following.capital or following.form in RULES.kind_words or following.form in ARTICLES:
        return False
    function_word = following.form in RULES.function_words and following.form not in NOUNS
    if function_word or is_adverb(following.form):
        return False
    return not RULES.verb_behind.match(lower(reading.text[reading.words[index].end :][:30]))


def is_title(reading: Reading, index: int) -> bool:
    """Whether a number is where only a title can be, not an age or a count: `the album 25`."""
    start = reading.words[index].start
    if start and reading.text[start - 1] in "\"'":
        return True
    if (
        index
        and reading.gap(index - 1) == " "
        and reading.words[index - 1].form in RULES.kind_words
    ):
        return True
    if ON_TITLE.search(reading.text, max(0, start - 8), start):
        return not reading.gap(index).isspace()  # "on 25 May"
    return any(number.start(1) == start for number in NUMERAL.finditer(reading.text))


def is_fellow(reading: Reading, first: int, last: int) -> bool:
    """Whether a name is a person's with whom somebody played, not a band's: `with John Lydon`."""
    text, start = reading.text, reading.words[first].start
    fellow = FELLOW.search(text, max(0, start - 48), start)
    if fellow is None or reading.words[first].form in ARTICLES:  # "with Planxty and The Dubliners"
        return False
    return fellow[0].endswith("and ") or is_known_person(text[start : reading.words[last].end])


def is_no_agent(reading: Reading, first: int, last: int) -> bool:
    """Whether a name cannot be who did something: a single letter, a studio, a record's number."""
    words, end = reading.words, reading.words[last].end
    if len(words) < last - first + 3:  # the name is the whole reply
        return False
    if first == last and (
        len(words[first].raw) == 1 or words[first].form in RULES.foreign_articles
    ):  # "as Il giuramento"
        return True
    if "".join(word.form for word in words[first : last + 1]) in RULES.labels:
        return True
    if is_prize(reading, first, last):
        return True
    company = last > first and words[last].form in (RULES.companies | PRIZES)
    company = company and words[first].form not in RULES.first_names  # Jim Hall
    if first and words[first - 1].form == "from":  # a place of that name
        company = company or level(reading.text[words[first].start : end]) in RULES.levels
    return company or (words[last].raw.isupper() and bool(RECORD_NUMBER.match(reading.text, end)))


def is_prize(reading: Reading, first: int, last: int) -> bool:
    """Whether a name is of a prize or of its category: `the Oscar for Best Original Score`."""
    words, text = reading.words, reading.text
    start, end = words[first].start, words[last].end
    if CATEGORY.match(text, start) and FOR_CATEGORY.search(text, max(0, start - 14), start):
        return True
    if FOR_SOMEBODY.match(text, end):
        return False
    if first == last and words[first].form in PRIZES:
        before = words[first - 1].raw.lower() if first else ""
        return (
            before in ARTICLE_OR_OWNER
            or words[first].form.endswith("s")
            or text.startswith("-", end)
        )
    return bool(WON.search(text, max(0, start - 60), start))


def is_adverb(form: str) -> bool:
    """Whether a word ends like an adverb and is no name of a person or place: `Emily`, `Italy`."""
    return form.endswith("ly") and form not in RULES.first_names and form not in RULES.levels
