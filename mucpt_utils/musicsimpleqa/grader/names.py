"""Keys that are names of groups and titles: how they may be written, and where a text has them.

A name is compared by the forms of its words joined together (`compact`), so "AC/DC" is "ACDC".
"""

import re
from collections.abc import Collection, Sequence
from functools import cached_property

from mucpt_utils.musicsimpleqa.grader.asked import ELISION, Asked
from mucpt_utils.musicsimpleqa.grader.capitals import capital_runs, is_name, quotations
from mucpt_utils.musicsimpleqa.grader.keys import Key, Span, in_order
from mucpt_utils.musicsimpleqa.grader.no_names import (
    NUMERAL,
    PRIZES,
    is_adverb,
    is_fellow,
    is_known_person,
    is_national,
    is_no_agent,
    is_title,
    opens_phrase,
)
from mucpt_utils.musicsimpleqa.grader.notation import HASH_NUMBER
from mucpt_utils.musicsimpleqa.grader.numbers import in_digits
from mucpt_utils.musicsimpleqa.grader.readings import Reading, forms_of, read
from mucpt_utils.musicsimpleqa.grader.rules import RULES, C, K, S, level
from mucpt_utils.musicsimpleqa.grader.spelling import CYRILLIC, from_cyrillic, one_slip
from mucpt_utils.musicsimpleqa.grader.words import (
    ARTICLES,
    FORMS,
    LINKS,
    Word,
    clean,
    lower,
    without_article,
)

# words after which a title may have no capital
TITLE_SIGNS = frozenset({"is", "was", "by", "called", "titled", "on", "from"})
# words after which a word without a capital is a verb
VERB_SIGNS = frozenset({"to", "me", "us", "you", "we", "they", "can", "will", "should", "must"})
# "won with X", "took the prize for his X": a work, even one that is called by a name
WON_WITH = re.compile(
    r"\b(?:w[io]n\w*|took|gained|awarded|prize|award)(?: (?:it|that year|the (?:prize|award)))?"
    r" (?:for|with)"
    r" (?:(?:his|her|their|the) (?:[a-z]+ ){0,3})?[\"']?\Z"
)
# "C'est", "L'album" at the beginning of a sentence
ELIDED = re.compile(r"(?:[CDJLMNST]|Qu)'[a-zà-ÿ]")
CAPITAL_BEHIND = re.compile(r"'[A-ZÀ-Ý]")
# what such a word introduces in quotation marks is a work
WORK_NAMED = re.compile(
    r"\b(?:record|song|album|single|track|hit|piece|opera|number|tune|with|for|on"
    r"|sang|sings|recorded|wrote|performed|cut|released|covered"
    r"|(?:record|song|album|single|track) (?:is|was))[,:]? \Z"
)
# how other works follow, and who made one
BESIDE_WORK = re.compile(r",? (?:and |& )?")
WORK_BY = re.compile(r",? (?:(?:was )?(?:\w+ed|sung|written|made) )?by ")
# "a traditional India instrument", which was an Indian one: of less weight than a name
OF_A_KIND = re.compile(r" (?:instrument|band|group|singer|duo|act|song)\b")
# "Neu! in 1971", "Al Jackson Jr. had stayed"
SIGN_INSIDE = re.compile(r"[!?.](?= [a-z])")
# "Part I of Child Alice"
PART_OF = re.compile(r"(?:Part|Act|Book|Side|Volume) \w{1,6} of ")
# relations in which the question names somebody else, and how a reply names the same after all
DECLARED = frozenset({"libretto", "produce"})
DECLARES = re.compile(
    r"\b(?:librettist|libretto|words|text|producer|produced)\b[^.;,!?]{0,60}\b(?:is|was|by)"
    r"(?: (?!(?:of|for|from|on|to|in)\b)[\w-]+){0,6} \Z"
)
OF_THE_YEAR = re.compile(r"(?:[A-Z]\w+ ){1,3}of the Year\b")
HIMSELF = re.compile(r",? (?:him|her|them|it)sel(?:f|ves)\b")
# "wrote his own libretto", "assembled the text himself"
BY_HIMSELF = re.compile(
    r" (?!and |or )[^.,;!?]{2,60}?"
    r" (?:(?:him|her|them)sel(?:f|ves)\b|(?:his|her|their) own\b[^.,;!?]{0,24})"
)
OR_BESIDE = re.compile(r"\b(?:or|and|not)\b|\?", re.IGNORECASE)
FULL_NAME = 3  # words of a name that is a person's in full, at least
INNER_WORDS = frozenset({"is", "are", "to", "for", "of", "the", "a", "my", "your", "with", "it"})
# an article may precede a name that is the whole response
ARTICLE_LENGTH = max(map(len, {*ARTICLES, *RULES.foreign_articles}))
UMLAUTS = str.maketrans(FORMS["umlauts"])


class NameKey(Key):
    """A key that is a name: a group, a title, or anything of a kind without its own rules."""

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, asked: Asked):
        super().__init__(kind, asked)
        self.spellings = (answer, *aliases)
        self.numbered = any("No." in name or "#" in name for name in (answer, *aliases))
        self.elided = any(ELISION.search(name) for name in (answer, *aliases, asked.text))
        self.forms: list[list[str]] = []
        self.whole: set[str] = set()  # right only as the whole response
        for name in (answer, *aliases):
            ways = self.ways_to_write(self.prepared(clean(name)))
            self.forms += [forms for forms in ways if forms not in self.forms]
        self.compact = {"".join(forms) for forms in self.forms}
        self.longest = max(map(len, self.compact), default=0)
        self.spoken = any(char.isdigit() for name in self.compact for char in name)
        self.initials = {"".join(f) for f in self.forms if sum(map(len, f)) <= 3}
        self.letter_first = {
            "".join(f) for f in self.forms if len(f) > 1 and len(f[0]) == 1 and f[0].isalpha()
        }
        self.common = {
            "".join(forms)
            for forms in self.forms
            if all(form in RULES.common_words or form in ARTICLES for form in forms)
        }
        # names made of signs, not inside a word or a longer row of signs
        signs = "|".join(re.escape(name) for name in sorted(self.symbols, key=len, reverse=True))
        self.symbol_pattern = re.compile(rf"(?<![\w!?])(?:{signs})(?![\w!?])") if signs else None

    def prepared(self, text: str) -> str:
        if "'" in text and not self.elided and CAPITAL_BEHIND.search(text):
            text = ELISION.sub(r"\1e ", text)
        if not text.isascii() and CYRILLIC.search(text):
            text = from_cyrillic(text, self.spellings)
        return HASH_NUMBER.sub("No. ", text) if self.numbered and "#" in text else text

    def ways_to_write(self, name: str) -> list[list[str]]:
        """The forms of a name's words, for every way in which it may be written.

        A name without a word is added to `symbols`.
        """
        forms = without_article(forms_of(name), name)
        if not forms:
            self.symbols.add(name)
            return []
        ways = [forms]
        if "'s" in name:
            ways.append(without_article(forms_of(name.replace("'s", "s")), name))
        if not name.isascii():
            ways.append(without_article(forms_of(name.casefold().translate(UMLAUTS)), name))
        if forms[-1] in FORMS["roman"] and len(forms) > 1:
            ways.append([*forms[:-1], str(FORMS["roman"][forms[-1]])])
        return ways

    def is_whole(self, text: str) -> bool:
        if self.symbols and text.strip(" \"'").rstrip(".") in self.symbols:
            return True
        text = self.prepared(text)
        forms = forms_of(text)
        joined = "".join(forms)
        if len(joined) > self.longest_whole and not self.spoken:
            return False
        return (
            joined in self.compact
            or joined in self.whole
            or "".join(without_article(forms, text)) in self.compact
            or (
                forms[:1]
                and forms[0] in RULES.foreign_articles
                and "".join(forms[1:]) in self.compact
            )
            or (self.spoken and "".join(forms_of(in_digits(text))) in self.compact)
        )

    @cached_property
    def longest_whole(self) -> int:
        """Characters of the longest text that is the key and nothing else, without spaces."""
        return ARTICLE_LENGTH + max(map(len, self.compact | self.whole), default=0)

    def is_misspelt(self, text: str) -> bool:
        text = self.prepared(text)
        given = without_article(forms_of(text), text)
        if "".join(given) in RULES.levels:  # the name of a place that is another one
            return False
        return any(one_slip(given, forms) for forms in self.slip_forms if len(forms) == len(given))

    @cached_property
    def slip_forms(self) -> list[list[str]]:
        """The ways of writing the key in which one slip is forgiven."""
        return self.forms

    @cached_property
    def initial_letters(self) -> frozenset[str]:
        """The letters that the key may begin with; no slip is forgiven in the first one."""
        return frozenset(forms[0][0] for forms in self.slip_forms)

    @cached_property
    def first_letters(self) -> frozenset[str]:
        """The letters that a mention of the key may begin with."""
        return frozenset(name[0] for name in self.compact if name)

    def answers(self, text: str) -> list[Span]:
        reading = read(text)
        mentions = self.mentions(reading)
        if self.symbol_pattern:
            mentions += [Span(*match.span(), K) for match in self.symbol_pattern.finditer(text)]
        subject = self.subject_mentions(reading)
        return in_order(mentions, subject, self.others(reading, [*mentions, *subject]))

    def agrees(self, text: str) -> bool:
        if self.is_whole(text):
            return True
        text = self.prepared(text)
        if self.may_be_in(text) and any(span.mark == K for span in self.answers(text)):
            return True
        return self.is_misspelt(text)

    def may_be_in(self, text: str) -> bool:
        """Whether a text may mention the key at all, even in a longer name: a cheap first check."""
        if self.symbol_pattern and self.symbol_pattern.search(text):
            return True
        return bool(self.mentions(read(text)))

    def subject_mentions(self, reading: Reading) -> list[Span]:
        """Where the text names what the question is about."""
        joined = reading.joined
        if not any(name in joined for name in self.asked.subjects):
            return []
        mentions, last = [], -1
        for first in starts_of(reading, self.asked.first_letters):
            if first <= last:
                continue
            found = longest_match(reading.forms, first, self.asked.subjects, self.asked.longest)
            if found is not None and not self.in_others_name(reading, first):
                last = found
                end = with_sign(reading.text, reading.words[last].end)
                mentions.append(Span(reading.words[first].start, end, S))
        return mentions

    def in_others_name(self, reading: Reading, index: int) -> bool:
        """Whether a word is the subject's family name in a longer name: `Willie Hugh Nelson`."""
        return reading.forms[index] in self.asked.family and stands_in_name(reading, index)

    # --- the key --------------------------------------------------------------------------------

    def mentions(self, reading: Reading) -> list[Span]:
        """Every mention of the key in a text."""
        words, joined = reading.words, reading.joined
        if not any(form in joined for form in self.compact):
            return []
        mentions, last = [], -1
        for first in starts_of(reading, self.first_letters):
            if first <= last:
                continue
            found = longest_match(reading.forms, first, self.compact, self.longest)
            if found is not None and self.is_mention(reading, first, found):
                last = found
                before = first - 1 if has_article(reading, first) else first
                mentions.append(Span(words[before].start, words[last].end, K))
        return mentions

    def is_mention(self, reading: Reading, first: int, last: int) -> bool:
        """Whether words that match the key mean it, rather than a common word or a longer name."""
        words = reading.words
        joined = "".join(word.form for word in words[first : last + 1])
        lower = words[first].raw.islower()
        if joined in self.initials and lower:
            if self.kind == "term":
                return joined not in RULES.function_words
            short = reading.caseless and len(words) <= 3
            return short and joined not in RULES.function_words
        if joined in self.letter_first and words[first].raw == "a":  # but "in a minor key"
            return reading.caseless and last == len(words) - 1
        if joined in self.common and not is_name(reading, first, last):
            return False
        if first == last and joined in self.common and opens_phrase(reading, first):
            return False
        if joined.isdigit() and self.kind == "title" and not is_title(reading, first):
            return False
        if lower and first and not reading.caseless and words[first - 1].form in VERB_SIGNS:
            return False  # "let me focus"
        a_word = lower and self.kind == "title" and not reading.caseless
        if a_word and not self.is_introduced(reading, first):
            return False
        return not self.in_longer_name(reading, first, last)

    def is_introduced(self, reading: Reading, first: int) -> bool:
        """Whether a word without a capital is where a title would be: `the album nevermind`."""
        if not first or reading.text[reading.words[first].start - 1] in "\"'":
            return True
        before = reading.words[first - 1].form
        return before in RULES.kind_words or before in TITLE_SIGNS

    def in_longer_name(
        self, reading: Reading, first: int, last: int, look_before: bool = True
    ) -> bool:
        """Whether the words are part of another name, as Pink is of `Pink Floyd`.

        look_before: whether a word before them counts too.
        """
        neighbours = []
        opens = first == 1 or (first > 1 and reading.begins_sentence(first - 1))
        opens = opens and is_opener(reading, first - 1)
        if look_before and first and not opens and reading.gap(first - 1) in (" ", "-"):
            neighbours.append(reading.words[first - 1])
        if reading.gap(last) in (" ", "-"):
            neighbours.append(reading.words[last + 1])
        lower_counts = reading.caseless or self.asked.genre
        if any(self.is_part_of_name(word, lower_counts) for word in neighbours):
            return not self.is_first_of_full_name(reading, first, last)
        return self.kind == "title" and not reading.caseless and self.goes_on(reading, last)

    def is_first_of_full_name(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a singer's only name begins a full one: `Adele Laurie Blue Adkins`."""
        run = reading.words[first : last + FULL_NAME]
        alone = self.asked.role == "agent" and not self.asked.band and first == last
        if not alone or len(run) < FULL_NAME or self.forms[:1] != [[reading.forms[first]]]:
            return False
        if reading.forms[first] in self.common:
            return False
        if first and reading.words[first - 1].capital and reading.gap(first - 1) == " ":
            return False
        kinds = RULES.kind_words | RULES.bodies | RULES.companies | RULES.function_words
        return all(word.capital and word.form not in kinds for word in run) and all(
            reading.gap(place) == " " for place in range(first, first + FULL_NAME - 1)
        )

    def goes_on(self, reading: Reading, last: int) -> bool:
        """Whether a title continues after function words: `Never Mind the Bollocks`."""
        words, index = reading.words, last + 1
        while index < len(words) - 1 and reading.gap(index - 1) == " " and is_inner(words[index]):
            index += 1
        if index == last + 1 or reading.gap(index - 1) != " ":
            return False
        return self.is_part_of_name(words[index], False)

    def is_part_of_name(self, word: Word, lower_counts: bool) -> bool:
        """Whether a neighbouring word belongs to the name beside it."""
        form = word.form
        if form in self.asked.forms or form in RULES.function_words or form.isdigit():
            return False
        if form in RULES.foreign_articles:
            return False
        if word.capital:
            return not (form in RULES.honorifics or RULES.is_nationality(form))
        return lower_counts and form not in RULES.kind_words and not form.endswith(("ed", "ly"))

    # --- other answers --------------------------------------------------------------------------

    def others(self, reading: Reading, mentions: Sequence[Span]) -> list[Span]:
        """Other answers of the key's kind: capitalised names outside the mentions of the key."""
        quoted = quotations(reading, mentions) if '"' in reading.text else []
        others = [*quoted] if self.asked.role == "title" else []
        works = works_named(reading, quoted) if self.asked.role in ("agent", "place") else []
        for first, last in capital_runs(reading, [*mentions, *others, *works], self.asked.role):
            if self.is_other_name(reading, first, last):
                others.append(Span(reading.words[first].start, reading.words[last].end, C))
        if self.asked.role == "title" and self.asked.prize:
            others = [s if s in quoted else work_of(reading.text, s) for s in others]
            others = [s for s in others if s.start < s.end]
        if self.asked.role == "title":
            others += self.numerals(reading.text, [*mentions, *others])
        others = [span for span in others if self.is_named_anew(reading.text, span)]
        if any(span.mark == K for span in mentions):
            others = [span for span in others if not self.stands_for_key(reading.text, span)]
            others = [s for s in others if not is_epithet(s, mentions, reading.text)]
            if self.asked.role == "title":
                others = [s for s in others if not is_beside_title(s, mentions, reading.text)]
            others = [s for s in others if not is_part_of(s, mentions, reading.text)]
        if self.asked.coarse and any(span.mark == K for span in mentions):
            others = [span for span in others if not OF_A_KIND.match(reading.text, span.end)]
        if len(mentions) + len(others) > 1:  # "Listeners who know Nirvana" names one answer
            others = [span for span in others if not opens_sentence(reading, span)]
        return others

    def numerals(self, text: str, taken: Sequence[Span]) -> list[Span]:
        """Numbers where only a title can be: `the answer is 1989`."""
        numbers = [Span(*match.span(1), C) for match in NUMERAL.finditer(text)]
        return [n for n in numbers if not any(t.start < n.end and n.start < t.end for t in taken)]

    def is_named_anew(self, text: str, span: Span) -> bool:
        """Whether a name is new, or is said to have done it, though the question names it."""
        if self.is_new(text[span.start : span.end]):
            return True
        if self.asked.role != "agent":
            return False
        return self.did_it_alone(text, span.end) or self.is_declared(text, span.start)

    def is_declared(self, text: str, start: int) -> bool:
        """Whether a name of the question is said to be who did it: `The librettist is Bellini`."""
        own = self.asked.relations & DECLARED
        before = DECLARES.search(text, max(0, start - 80), start) if own else None
        return bool(before and RULES.relations_in(before[0], own))

    def did_it_alone(self, text: str, end: int) -> bool:
        """Whether a name that ends here is said to have done what is asked without others."""
        if HIMSELF.match(text, end):
            return True
        alone = BY_HIMSELF.match(text, end)
        return bool(alone and self.asked.said_in(alone[0]))

    def stands_for_key(self, text: str, span: Span) -> bool:
        """Whether a name is made of the key's initials, beside the key: `SRV, Stevie Ray Vaughan`.

        Or its initials are the key: `Electric Light Orchestra (ELO)`. Small letters in it may be
        those of words that the key's initials leave out.
        """
        initials = "".join(form[0] for form in forms_of(text[span.start : span.end]) if form)
        if len(initials) > 2 and initials in self.letters:
            return True
        name = text[span.start : span.end].replace(".", "")
        capitals = "".join(letter for letter in name if letter.isupper()).lower()
        return name.isalpha() and len(capitals) > 1 and name.lower() in self.acronyms

    @cached_property
    def letters(self) -> frozenset[str]:
        """The key's names that are written as initials are: `The KLF`."""
        names = (name.removeprefix("The ").replace(".", "") for name in self.spellings)
        return frozenset(name.lower() for name in names if name.isalpha() and name.isupper())

    @cached_property
    def acronyms(self) -> frozenset[str]:
        """The initials of the key's names of several words, with and without small words."""
        names = [forms for forms in self.forms if len(forms) > 1]
        return frozenset("".join(form[0] for form in forms if form) for forms in names)

    def is_new(self, name: str) -> bool:
        """Whether a name says more than the question does."""
        return any(form not in self.asked.forms for form in forms_of(name))

    def is_kind_asked(self, reading: Reading, index: int) -> bool:
        """Whether a word at the beginning is the kind of thing asked about: `Zarzuelas... Pass.`"""
        raw = reading.words[index].raw.lower()
        if not reading.begins_sentence(index) or not raw.endswith("s"):
            return False
        return any(word.raw == raw[:-1] for word in self.asked.words)

    def is_other_name(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a run of capitalised words names something that the question does not."""
        run = reading.words[first : last + 1]
        own = [
            word.form
            for word in run
            if word.form not in self.asked.forms
            and word.form not in RULES.kind_words
            and word.form not in RULES.honorifics
        ]
        if len(run) == 1 and self.is_kind_asked(reading, first):
            return False
        if len(run) == 1 and reading.begins_sentence(first) and ELIDED.match(run[0].raw):
            return False
        if self.asked.role == "title" and PART_OF.match(reading.text, run[0].start):
            return False
        if self.asked.prize and (
            run[-1].form in PRIZES or OF_THE_YEAR.match(reading.text, run[0].start)
        ):  # another prize has not won this one
            return False
        if len(run) == 1 and run[0].form in RULES.common_words and not own:
            return not reading.begins_sentence(first) or reading.ends_sentence(first)  # "by Queen"
        if self.asked.role == "agent":
            if not own and (
                self.did_it_alone(reading.text, run[-1].end)
                or self.is_declared(reading.text, run[0].start)
            ):
                return True  # "Def Leppard themselves produced it"
            if is_no_agent(reading, first, last) or self.is_entrant(reading, first, last):
                return False
            body = self.asked.solo and run[-1].form in RULES.bodies
            if body and (len(run) > 1 or run[-1].raw.isupper()):
                return False
            if self.asked.band and is_fellow(reading, first, last):
                return False
        if all(form in RULES.function_words for form in own):
            return (
                bool(len(run) > 1 or own)
                and not reading.begins_sentence(first)
                and not (len(run) == 1 and run[0].form not in RULES.interjections)
            )
        if len(run) == 1 and reading.begins_sentence(first) and is_opener(reading, first):
            return False
        following = reading.words[last + 1] if reading.gap(last) == " " else None
        if self.asked.role == "agent" and len(run) == 1 and is_national(run[0].raw.lower()):
            return False  # "the title looks Japanese"
        if all(map(RULES.is_nationality, own)):  # "a Belgian, Adolphe Sax" names one
            before = reading.words[first - 1].form if has_article(reading, first) else ""
            return following is None and before not in ("a", "an")
        if following and following.raw.islower() and following.form in RULES.kind_words:
            if self.asked.role == "place":
                return self.asked.coarse and "".join(own) in RULES.levels
            return not RULES.is_nationality(run[0].form) and self.asked.role == "agent"
        adverb = len(run) == 1 and is_adverb(own[0]) and reading.begins_sentence(first)
        return not (adverb and following)

    def is_entrant(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a name is of a country that won, where it is asked who sang for it."""
        if "win" not in self.asked.relations or len(reading.words) < last - first + 3:
            return False
        name = reading.text[reading.words[first].start : reading.words[last].end]
        return RULES.levels.get(level(name)) == "country"


def work_of(text: str, span: Span) -> Span:
    """What is left of a name without its person: `Carl Ott for Winter Songs`, or nothing."""
    name = text[span.start : span.end]
    if WON_WITH.search(text, max(0, span.start - 60), span.start):
        return span
    person, link, work = name.partition(" for ")
    if " the " in person:  # "Peter and the Wolf"
        return span
    if not is_known_person(person) and level(person) not in RULES.mononyms:
        return span
    return Span(span.end - len(work) if link else span.end, span.end, C)


def is_part_of(span: Span, mentions: Sequence[Span], text: str) -> bool:
    """Whether a name is a part of a mention of the key: `Paul wrote it, Paul Simon`."""
    name = text[span.start : span.end]
    return any(
        m.mark == K
        and (text.startswith(f"{name} ", m.start) or text.endswith(f" {name}", 0, m.end))
        for m in mentions
    )


def is_epithet(span: Span, mentions: Sequence[Span], text: str) -> bool:
    """Whether a name only says who the key is: `The Senator, Eugene Wright`."""
    if " " in text[span.start : span.end] or not text[: span.start].lower().endswith("the "):
        return False
    beside = any(
        m.mark == K and m.start == span.end + 2 and " " in text[m.start : m.end] for m in mentions
    )
    return beside and text.startswith(", ", span.end)


def is_beside_title(span: Span, mentions: Sequence[Span], text: str) -> bool:
    """Whether a name has no quotation marks where the key has, and is no choice beside it."""
    if text[max(0, span.start - 1) : span.start] == '"' or OR_BESIDE.search(text):
        return False
    return all(m.mark != K or text[max(0, m.start - 1) : m.start] == '"' for m in mentions)


def works_named(reading: Reading, quoted: Sequence[Span]) -> list[Span]:
    """The works among the quoted names: `with "X" and "Y"`, `"X", recorded by the Eagles`."""
    works: list[Span] = []
    for span in quoted:
        before, end = reading.text[: span.start - 1], works[-1].end + 1 if works else 0
        beside = works and BESIDE_WORK.fullmatch(before, end)
        if beside or WORK_NAMED.search(before) or WORK_BY.match(reading.text, span.end + 1):
            works.append(span)
    return works


def is_inner(word: Word) -> bool:
    """Whether a word may be inside a title: a function word, or `Is` with a capital."""
    return word.raw in LINKS or (word.capital and word.form in INNER_WORDS)


def is_opener(reading: Reading, index: int) -> bool:
    """Whether the first word of a longer sentence is a typical opener: `However, ...`."""
    word = reading.words[index]
    if word.raw.endswith(("'ve", "'re", "'ll", "'d", "'m")):
        return True
    small = word.raw.lower() in RULES.function_words  # "One of those", of which the form is 1
    opener = small or word.form in RULES.openers or is_adverb(word.form)
    return opener and not reading.ends_sentence(index)


def opens_sentence(reading: Reading, span: Span) -> bool:
    """Whether a capitalised word is only the first word of a sentence: `Among the albums`."""
    text = reading.text
    before = text[max(0, span.start - 8) : span.start].rstrip(" \"'")
    behind = text[span.end : span.end + 24]
    if " " in text[span.start : span.end] or (before and before[-1] not in ".!?:;"):
        return False
    return bool(re.match(r" [a-z]", behind)) and not RULES.verb_behind.match(lower(behind))


def with_sign(text: str, end: int) -> int:
    """Where a name ends, including its sign, as in `Neu! in 1971`."""
    return end + 1 if SIGN_INSIDE.match(text, end) else end


def stands_in_name(reading: Reading, index: int) -> bool:
    """Whether a capitalised word that is no function word is right before or after a word."""
    near = [index - 1] if index and reading.gap(index - 1) == " " else []
    near += [index + 1] if reading.gap(index) == " " else []
    words = [reading.words[place] for place in near]
    return any(word.capital and word.form not in RULES.function_words for word in words)


def has_article(reading: Reading, first: int) -> bool:
    """Whether an article comes right before a word."""
    if not first or reading.words[first - 1].form not in ARTICLES:
        return False
    return reading.gap(first - 1) == " "


def starts_of(reading: Reading, letters: Collection[str]) -> list[int]:
    """The words at which a name beginning with one of these letters may begin."""
    return [i for i, form in enumerate(reading.forms) if not form or form[0] in letters]


def longest_match(
    forms: Sequence[str], first: int, names: Collection[str], longest: int
) -> int | None:
    """The last word of the longest of `names` (written as one word) that begins at word `first`."""
    joined, last = "", None
    for index in range(first, len(forms)):
        joined += forms[index]
        if len(joined) > longest:
            break
        if joined in names:
            last = index
    return last
