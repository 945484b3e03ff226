"""Keys that are names or terms: how they may be written, and where a text gives them."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.numbers import in_digits
from mucpt_utils.musicsimpleqa.rules import RULES, C, K
from mucpt_utils.musicsimpleqa.words import ARTICLES, FORMS, Word, clean, without_article, words

UMLAUTS = str.maketrans(FORMS["umlauts"])
_LINKS = frozenset({"of", "the", "de", "van", "von", "du", "la", "le", "der", "da", "di", "del"})
_SHARP = re.compile(r"\b([A-Ga-g])\s?[#♯]")
_FLAT_SIGN = re.compile(r"\b([A-Ga-g])\s?♭")
_FLAT_LETTER = re.compile(r"\b([A-G])b\b")
_MINOR = re.compile(r"\b([A-G])((?:[- ]?(?:sharp|flat))?)[ -]?(?:m|min)\b\.?")
_ALIKE = [set("aeiouy"), set("ckq"), set("sz"), set("vwf")]


class Span(NamedTuple):
    """A stretch of the response and what it is marked as (K or C)."""

    start: int
    end: int
    mark: str


class Key:
    """A key that is a name or a term: how it may be written, and where a text names it."""

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, question: str):
        self.kind = kind
        self.names = tuple(clean(name) for name in (answer, *aliases))
        self.asked = frozenset(word.form for word in words(question)) - {""}
        self.forms: list[list[str]] = []
        self.whole: set[str] = set()  # right only as the whole response
        self.symbols: set[str] = set()
        for name in self.names:
            self._add_name(name)
        self.compact = {"".join(forms): len(forms) for forms in self.forms}
        self.longest = max(map(len, self.compact), default=0)
        self.initials = {"".join(f) for f in self.forms if sum(map(len, f)) <= 3}
        self.letter_first = {
            "".join(f) for f in self.forms if len(f) > 1 and len(f[0]) == 1 and f[0].isalpha()
        }
        self.common = {
            "".join(f)
            for f in self.forms
            if all(part in RULES.common_words or part in ARTICLES for part in f)
        }
        self.spoken = any(form.isdigit() for form in self.compact)
        self.symbol_pattern = self._symbol_pattern()
        self.coarse = bool(RULES.coarse_places.search(question))
        self.genre = bool(RULES.genre_questions.search(question))
        self.shape = self._shape(answer)
        self.several = self._several()

    def _add_name(self, name: str) -> None:
        name = self._prepared(name)
        forms = without_article([word.form for word in words(name)])
        if not forms:
            self.symbols.add(name)
            return
        self._add_forms(forms)
        if "'s" in name:
            self._add_forms(without_article([w.form for w in words(name.replace("'s", "s"))]))
        if not name.isascii():
            wide = name.casefold().translate(UMLAUTS)
            self._add_forms(without_article([word.form for word in words(wide)]))
        if forms[-1] in FORMS["roman"] and len(forms) > 1:
            self._add_forms([*forms[:-1], str(FORMS["roman"][forms[-1]])])
        if self.kind == "term":
            self._add_term(forms)

    def _add_forms(self, forms: list[str]) -> None:
        if forms not in self.forms:
            self.forms.append(forms)

    def _add_term(self, forms: list[str]) -> None:
        """Singular and plural; a major key by its tonic; a catalogue number by its number."""
        last = forms[-1]
        if len(last) > 3 and last.isalpha():
            other = last[:-1] if last.endswith("s") else last + "s"
            self._add_forms([*forms[:-1], other])
        if last == "major":
            self.whole.add("".join(forms[:-1]))
        if last == "minor":
            self.whole.add("".join(forms[:-1]) + "m")
            self.whole.add("".join(forms[:-1]) + "min")
        if len(forms) == 2 and last.isdigit() and len(forms[0]) <= 3:
            self.whole.add(last)

    def _symbol_pattern(self) -> re.Pattern | None:
        if not self.symbols:
            return None
        names = "|".join(re.escape(name) for name in sorted(self.symbols, key=len, reverse=True))
        # not inside a word and not inside a longer row of signs
        return re.compile(rf"(?<![\w!?]){'(?:' + names + ')'}(?![\w!?])")

    def _shape(self, answer: str) -> re.Pattern | None:
        if self.kind != "term":
            return None
        return next((shape for shape in RULES.shapes if shape.fullmatch(answer)), None)

    def _several(self) -> list[re.Pattern]:
        """Patterns of responses that give the key as one answer among several."""
        own = {
            "term": [*RULES.list, *RULES.list_of_terms, *RULES.range],
            "place": [],
            "person": [*RULES.list_of_person, *RULES.list_of_lower],
        }.get(self.kind, [*RULES.list, *RULES.list_of_lower])
        return [*RULES.hedge, *RULES.slash, *RULES.list_joined, *own]

    def is_whole(self, text: str) -> bool:
        """Whether the text is the key and nothing else."""
        if self.symbols and text.strip(" \"'").rstrip(".") in self.symbols:
            return True
        forms = [word.form for word in words(self._prepared(text))]
        joined = "".join(forms)
        if joined in self.compact or joined in self.whole:
            return True
        if "".join(without_article(forms)) in self.compact:
            return True
        return self.spoken and "".join(w.form for w in words(in_digits(text))) in self.compact

    def _prepared(self, text: str) -> str:
        return accidentals(text) if self.kind == "term" else text

    def is_misspelt(self, text: str) -> bool:
        """Whether the text is the key but for one slip in one long word."""
        given = without_article([word.form for word in words(self._prepared(text))])
        return any(one_slip(given, forms) for forms in self._slip_forms())

    def _slip_forms(self) -> list[list[str]]:
        return self.forms

    def mark(self, text: str) -> str:
        """The text with each mention of the key replaced by K, other answers by C."""
        text = self._prepared(text)
        found = words(text)
        mentions = self._mentions(text, found)
        if self.symbol_pattern:
            mentions += [Span(*m.span(), K) for m in self.symbol_pattern.finditer(text)]
        if not mentions:
            return text
        return replaced(text, mentions + self._others(text, found, mentions))

    def _mentions(self, text: str, found: Sequence[Word]) -> list[Span]:
        joined = "".join([word.form for word in found])
        if not any(form in joined for form in self.compact):
            return []
        caseless = text == text.lower()
        mentions, first = [], 0
        while first < len(found):
            last = self._match_at(found, first)
            if last is not None and self._is_mention(text, found, first, last, caseless):
                mentions.append(Span(found[first].start, found[last].end, K))
                first = last
            first += 1
        return mentions

    def _match_at(self, found: Sequence[Word], first: int) -> int | None:
        """The last word of the longest form of the key that begins at word `first`."""
        joined, best = "", None
        for index in range(first, len(found)):
            joined += found[index].form
            if len(joined) > self.longest:
                break
            if joined in self.compact:
                best = index
        return best

    def _is_mention(
        self, text: str, found: Sequence[Word], first: int, last: int, caseless: bool
    ) -> bool:
        joined = "".join(word.form for word in found[first : last + 1])
        begin = found[first]
        if joined in self.initials and begin.raw.islower():
            return caseless and len(found) <= 3 and joined not in RULES.function_words
        if joined in self.letter_first and begin.raw.islower() and not caseless:
            return False
        if joined in self.common and not self._is_name(text, found, first, last, caseless):
            return False
        return not self._longer_name(text, found, first, last, caseless)

    def _is_name(
        self, text: str, found: Sequence[Word], first: int, last: int, caseless: bool
    ) -> bool:
        """Whether an ordinary word is used as a name: `by Yes`, but not `Yes, it was Genesis`."""
        interjection = found[last].form in RULES.interjections
        before = found[first - 1].form if first else ""
        if caseless:
            return not interjection or before in RULES.kind_words or before == "by"
        if not all(word.capital for word in found[first : last + 1]):
            return False
        if not interjection or first or len(found) == last + 1:
            return True
        return found[last + 1].form in ("is", "was", "recorded", "released", "made", "wrote")

    def _longer_name(
        self, text: str, found: Sequence[Word], first: int, last: int, caseless: bool
    ) -> bool:
        """Whether the words are part of another name: `Northern Ireland`, `Pink Floyd`."""
        if self.kind == "place":
            return first > 0 and found[first - 1].form in RULES.place_prefixes
        if self.kind == "term" and not self.genre:
            return False
        neighbours = []
        if first and text[found[first - 1].end : found[first].start] in (" ", "-"):
            neighbours.append(found[first - 1])
        if last + 1 < len(found) and text[found[last].end : found[last + 1].start] in (" ", "-"):
            neighbours.append(found[last + 1])
        return any(self._is_part(word, caseless or self.genre) for word in neighbours)

    def _is_part(self, word: Word, lower_counts: bool) -> bool:
        """Whether a neighbouring word belongs to the name beside it."""
        form = word.form
        if form in self.asked or form in RULES.function_words or form.isdigit():
            return False
        if word.capital:
            return not (form in RULES.honorifics or RULES.nationality.match(form))
        return lower_counts and form not in RULES.kind_words and not form.endswith(("ed", "ly"))

    def _others(self, text: str, found: Sequence[Word], mentions: list[Span]) -> list[Span]:
        """Other answers of the key's kind: names, or terms of the key's shape."""
        if self.shape:
            spans = (match.span() for match in self.shape.finditer(text))
            return [
                Span(*s, C)
                for s in spans
                if self._is_new(text[s[0] : s[1]])
                and not any(s[0] < m.end and m.start < s[1] for m in mentions)
            ]
        if self.kind == "term":
            return []
        return [
            Span(found[first].start, found[last].end, C)
            for first, last in _capital_runs(text, found, mentions)
            if self._is_other(text, found, first, last)
        ]

    def _is_new(self, phrase: str) -> bool:
        """Whether a phrase says something that the question does not."""
        return any(word.form not in self.asked for word in words(phrase))

    def _is_other(self, text: str, found: Sequence[Word], first: int, last: int) -> bool:
        run = found[first : last + 1]
        own = [
            w
            for w in run
            if w.form not in self.asked
            and w.form not in RULES.kind_words
            and w.form not in RULES.honorifics
        ]
        if not own:
            return False
        following = found[last + 1] if last + 1 < len(found) else None
        close = following and text[run[-1].end : following.start] == " "
        if all(RULES.nationality.match(w.form) for w in own):
            return not close
        if close and following.raw.islower() and following.form in RULES.kind_words:
            return False  # "the Seattle band Nirvana"
        return not (len(run) == 1 and own[0].form.endswith("ly"))

    def relevant_clauses(self, marked: str) -> str:
        """Names and terms: the whole response."""
        return marked

    def another_first(self, marked: str) -> bool:
        """Whether another answer stands before the key."""
        exempt = self.kind + ("_coarse" if self.kind == "place" and self.coarse else "")
        if exempt in RULES.first_exempt:
            marked = RULES.first_exempt[exempt].sub(K, marked)
        other = marked.find(C)
        return 0 <= other < marked.find(K)


class PersonKey(Key):
    """A person: also by family name, initials, in another order, with middle names."""

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, question: str):
        super().__init__(answer, aliases, kind, question)
        self.persons = [p for p in map(_person, self.forms) if p]
        for person in self.persons:
            self._add_person(person)
        self.longest = max(map(len, self.compact), default=0)

    def _add_person(self, person: "Person") -> None:
        given, family, suffix = person
        initials = [name[0] for name in given]
        tail = [suffix] if suffix else []
        written = ([*initials, family, *tail], [family, *given, *tail], [family, *initials, *tail])
        for forms in written:
            self.compact["".join(forms)] = len(forms)
        if not suffix and family not in RULES.shared_family_names:
            self.whole.add(family)

    def _mentions(self, text: str, found: Sequence[Word]) -> list[Span]:
        caseless = text == text.lower()
        mentions = self._full_mentions(text, found, caseless)
        for index, word in enumerate(found):
            if any(m.start <= word.start < m.end for m in mentions):
                continue
            for person in self.persons:
                if word.form == person.family and (
                    span := self._family_mention(text, found, index, person, caseless)
                ):
                    mentions.append(span)
                    break
        return sorted(mentions)

    def _full_mentions(self, text: str, found: Sequence[Word], caseless: bool) -> list[Span]:
        """Mentions of the full name, with the names before it: `John Michael Stipe`."""
        starts = {word.start: index for index, word in enumerate(found)}
        mentions = []
        for span in super()._mentions(text, found):
            before = []
            if " " in text[span.start : span.end]:
                before = _names_before(text, found, starts[span.start], self.asked, caseless)
            mentions.append(Span(before[0].start if before else span.start, span.end, K))
        return mentions

    def _slip_forms(self) -> list[list[str]]:
        return self.forms + [[person.family] for person in self.persons]

    def _longer_name(
        self, text: str, found: Sequence[Word], first: int, last: int, caseless: bool
    ) -> bool:
        if _suffix_after(text, found, last):
            return True
        if first == last:  # a single name: "Pink" is not in "Pink Floyd"
            return super()._longer_name(text, found, first, last, caseless)
        rest = found[first:]  # names before a full one are further given names
        return super()._longer_name(text, rest, 0, last - first, caseless)

    def _family_mention(
        self, text: str, found: Sequence[Word], index: int, person: "Person", caseless: bool
    ) -> Span | None:
        """The mention around a family name, where what stands beside it fits the person."""
        word, suffix = found[index], _suffix_after(text, found, index)
        if RULES.suffixes.get(person.suffix) != RULES.suffixes.get(suffix):
            return None
        before = _names_before(text, found, index, self.asked, caseless)
        if before:
            fits = _fits(before, person.given)
            return Span(before[0].start, word.end, K) if fits else None
        if person.family in RULES.shared_family_names or person.suffix:
            return None
        if not (caseless or word.capital):
            return None
        if super()._longer_name(text, found[index:], 0, 0, caseless):
            return None
        return Span(word.start, word.end, K)


class Person(NamedTuple):
    """A name in its parts; the suffix is that of `Strauss II` or `Williams Jr.`, or empty."""

    given: tuple[str, ...]
    family: str
    suffix: str


def _person(forms: list[str]) -> Person | None:
    """The parts of a name of two words or more."""
    forms = [f for f in forms if f not in RULES.honorifics and f not in ARTICLES] or forms
    suffix = forms[-1] if len(forms) > 2 and forms[-1] in RULES.suffixes else ""
    names = forms[:-1] if suffix else forms
    if len(names) < 2:
        return None
    return Person(tuple(names[:-1]), names[-1], suffix)


def _suffix_after(text: str, found: Sequence[Word], index: int) -> str:
    """`ii` or `jr` right behind a word, or nothing."""
    if index + 1 >= len(found):
        return ""
    following = found[index + 1]
    form, between = following.form, text[found[index].end : following.start]
    # "Gershwin, I think" names no Gershwin the First
    near = between == " " or (between == ", " and form in ("jr", "sr", "junior", "senior"))
    return form if near and form in RULES.suffixes and following.capital else ""


def _names_before(
    text: str, found: Sequence[Word], index: int, asked: frozenset[str], caseless: bool
) -> list[Word]:
    """The given names and initials right before a family name."""
    names: list[Word] = []
    for place in range(index - 1, max(-1, index - 6), -1):
        word = found[place]
        between = text[word.end : found[place + 1].start]
        joined = between == " " or (len(word.form) <= 2 and between in (". ", "."))
        if not joined or word.form in RULES.function_words or word.form in RULES.kind_words:
            break
        if not (word.capital or caseless) or (word.form in asked and not names):
            break
        names.insert(0, word)
    return [name for name in names if name.form not in RULES.honorifics]


def _fits(before: Sequence[Word], given: tuple[str, ...]) -> bool:
    """Whether names before a family name are those given: whole, by initial, some left out.

    Names that are not among those given are middle names only where none is left out:
    `John Winston Lennon` is John Lennon, `Johann Christian Bach` not Johann Sebastian.
    """
    parts: list[str] = []
    for word in before:
        initials = "." in word.raw or (len(word.raw) <= 3 and word.raw.isupper())
        parts += list(word.form) if initials and word.form not in given else [word.form]
    place = matched = 0
    for part in parts:
        for index in range(place, len(given)):
            if part == given[index] or (len(part) == 1 and given[index][0] == part):
                place, matched = index + 1, matched + 1
                break
    return matched > 0 and (matched == len(parts) or matched == len(given))


def _capital_runs(
    text: str, found: Sequence[Word], mentions: list[Span]
) -> Iterable[tuple[int, int]]:
    """(first, last) word of each run of capitalised words outside the mentions."""
    free = [
        word.capital
        and word.form not in RULES.function_words
        and not any(m.start < word.end and word.start < m.end for m in mentions)
        for word in found
    ]
    first = 0
    while first < len(found):
        if not free[first]:
            first += 1
            continue
        last = first
        while True:
            following = last + 1
            while following < len(found) and found[following].raw in _LINKS:
                following += 1
            if following >= len(found) or not free[following]:
                break
            between = text[found[last].end : found[following].start]
            if any(sign in between for sign in ',;:/&!?()"') or " and " in between:
                break
            if "." in between and len(found[last].form) > 2:
                break
            last = following
        yield first, last
        first = last + 1


def replaced(text: str, spans: list[Span]) -> str:
    """The text with each span replaced by its mark."""
    pieces, end = [], 0
    for span in sorted(spans):
        if span.start >= end:
            pieces += [text[end : span.start], span.mark]
            end = span.end
    return "".join([*pieces, text[end:]])


def accidentals(text: str) -> str:
    """Accidentals and chord signs in words: `C#m` gives `C-sharp minor`, `Eb` gives `E-flat`."""
    text = _SHARP.sub(r"\1-sharp ", text)
    text = _FLAT_LETTER.sub(r"\1-flat", _FLAT_SIGN.sub(r"\1-flat ", text))
    text = re.sub(r" +(?=[\s,.;)–-]|$)", "", text)
    return _MINOR.sub(r"\1\2 minor", text)


def one_slip(given: list[str], forms: list[str]) -> bool:
    """Whether the words given are those meant but for one slip in one of them."""
    if len(given) != len(forms):
        return False
    wrong = [(a, b) for a, b in zip(given, forms, strict=True) if a != b]
    # a word that stands alone must be longer than one with others that are right
    return len(wrong) == 1 and _is_slip(*wrong[0], 8 if len(given) == 1 else 6)


def _is_slip(given: str, meant: str, shortest: int) -> bool:
    """One letter doubled, swapped or sounding alike, or, from `shortest` letters, one dropped."""
    if not (given.isalpha() and meant.isalpha()) or given[0] != meant[0]:
        return False
    if len(given) == len(meant):
        at = [i for i, (a, b) in enumerate(zip(given, meant, strict=True)) if a != b]
        if len(at) == 1:
            pair = {given[at[0]], meant[at[0]]}
            return len(meant) >= 7 and any(pair <= alike for alike in _ALIKE)
        swapped = len(at) == 2 and at[1] == at[0] + 1
        return (
            len(meant) >= 6
            and swapped
            and given[at[0]] == meant[at[1]]
            and (given[at[1]] == meant[at[0]])
        )
    short, long = sorted((given, meant), key=len)
    if len(long) != len(short) + 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if short[at:] != long[at + 1 :]:
        return False
    doubled = long[at] in (long[at - 1], long[at + 1 : at + 2])
    return len(long) >= (5 if doubled else shortest)
