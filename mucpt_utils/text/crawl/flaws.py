"""The flaws of a crawl, added to rendered documents at set rates and labelled to the character.

Rates of flaws inside documents are shares of the documents that tell something (about music or
not); rates of whole documents (spam, copies, ...) are shares of the finished corpus. Each document
draws once for each flaw from a generator of its own, so a higher rate flaws a superset.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

import ftfy.bad_codecs  # noqa: F401  (registers sloppy-windows-1252, as browsers decode it)
from stdnum import iban, luhn

from mucpt_utils import paths
from mucpt_utils.config.text import RenderSettings
from mucpt_utils.knowledge.facts import Fact, load_relations
from mucpt_utils.text.render.writer import (
    Segment,
    describe,
    document_rng,
    expand,
    group_by_subject,
    make_document,
    read_wordings,
    render_documents,
    with_article,
)

# share of the off-domain documents that tell general facts; the rest is recipes, sport, money, ...
OFF_DOMAIN_FACTS = 0.5
# copies below this share of common 5-grams of words are no longer near duplicates
NEAR_DUPLICATE_JACCARD = 0.8
SHINGLE = 5
# how often a wrong decoding happens to UTF-8 text: (decodings in turn, weight)
DECODINGS = (
    (("sloppy-windows-1252",), 0.6),
    (("latin-1",), 0.15),
    (("macroman",), 0.1),
    (("sloppy-windows-1252", "sloppy-windows-1252"), 0.15),
)
# what OCR takes for what; both directions happen on real scans
CONFUSIONS = (
    ("rn", "m"), ("m", "rn"), ("cl", "d"), ("d", "cl"), ("li", "h"), ("vv", "w"), ("w", "vv"),
    ("l", "1"), ("I", "l"), ("O", "0"), ("0", "O"), ("1", "l"), ("e", "c"), ("c", "e"),
    ("h", "b"), ("S", "5"), ("5", "S"), ("B", "8"), ("8", "B"), ("a", "o"), ("u", "ii"), ("t", "f"),
    ("n", "u"), ("g", "q"), ("i", "j"),
)  # fmt: skip
PII_KINDS = ("email", "phone", "iban", "card", "ssn", "ip", "handle", "url")
WORD = re.compile(r"\S+")


def wordings() -> dict:
    """What flaws are worded with, from wordings/flaws.yaml."""
    return read_wordings("flaws")


@dataclass
class Draft:
    """A document being flawed: its segments, and the document it came from."""

    segments: list[Segment]
    source: dict

    def finish(self) -> dict:
        """The document with its new text, spans and told facts."""
        truth = self.source["metadata"]["truth"]
        metadata = {k: v for k, v in self.source["metadata"].items() if k != "truth"}
        return make_document(
            self.source["id"],
            self.segments,
            metadata,
            truth["in_domain"],
            truth["doc_kind"],
            truth["duplicate_of"],
        )


def split_segments(document: Mapping) -> list[Segment]:
    """The segments of a document whose spans do not overlap; the inverse of `join_segments`."""
    text, position, segments = document["text"], 0, []
    for span in document["metadata"]["truth"]["spans"]:
        if span["start"] > position:
            segments.append(Segment(text[position : span["start"]]))
        piece = text[span["start"] : span["end"]]
        extra = {name: span.get(name) for name in ("fact", "subkind", "object")}
        segments.append(Segment(piece, span["kind"], **extra))
        position = span["end"]
    if position < len(text):
        segments.append(Segment(text[position:]))
    return segments


# --- filling templates ---------------------------------------------------------------------------


def write(template: str, rng: Random, **values: str) -> str:
    """A template with its alternatives drawn and every placeholder filled with made-up matter."""
    text = expand(template, rng)
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return PLACEHOLDER.sub(lambda match: _made_up(match[1], rng), text)


PLACEHOLDER = re.compile(r"\{([a-z]+\d*)\}")
LISTS = {"site": "sites", "city": "cities", "team": "teams", "firm": "firms", "dish": "dishes",
         "name": "people"}  # fmt: skip
RANGES = {"number": (100, 99_999), "small": (2, 30), "price": (50, 5000), "percent": (10, 95),
          "year": (2004, 2024)}  # fmt: skip


def _made_up(name: str, rng: Random) -> str:
    if name in LISTS:
        return rng.choice(wordings()[LISTS[name]])
    if name in RANGES:
        return str(rng.randint(*RANGES[name]))
    if name.startswith("hex"):
        digits = int(name[3:])
        return f"{rng.getrandbits(4 * digits):0{digits}x}"
    if name == "token":
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
        return "".join(rng.choices(letters, k=22))
    raise ValueError(f"{paths.WORDINGS / 'flaws.yaml'}: unknown placeholder {{{name}}}")


# --- personal data -------------------------------------------------------------------------------


def personal_datum(kind: str, rng: Random) -> str:
    """A made-up value of one of PII_KINDS, valid in form, from reserved or test ranges.

    E-mail at example domains (RFC 2606); telephone numbers of ranges kept for fiction; IBANs and
    cards with right check digits on invented accounts; addresses of RFC 5737 and RFC 3849.
    Raises ValueError for another kind.
    """
    if kind not in MAKERS:
        raise ValueError(f"personal data kind is {kind!r}; allowed: {', '.join(PII_KINDS)}")
    return MAKERS[kind](rng)


def _person(rng: Random) -> tuple[str, str]:
    first, last = rng.choice(wordings()["people"]).lower().split()
    return first, last


def _email(rng: Random) -> str:
    first, last = _person(rng)
    local = rng.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last}{rng.randint(1, 99)}"))
    host = rng.choice(("example.com", "example.org", "example.net", "mail.example.com"))
    return f"{local}@{host}"


def _phone(rng: Random) -> str:
    area = rng.choice((202, 212, 303, 312, 415, 512, 617, 713))
    last, london, paris = rng.randint(100, 199), rng.randint(0, 999), rng.randint(0, 9999)
    forms = (
        f"({area}) 555-0{last}",
        f"+1 {area}-555-0{last}",
        f"{area}-555-0{last}",
        f"020 7946 0{london:03d}",
        f"+44 20 7946 0{london:03d}",
        f"+33 1 99 00 {paris // 100:02d} {paris % 100:02d}",
        f"+49 30 23125 {rng.randint(0, 999):03d}",
        rng.choice(("+61 491 570 156", "+61 491 570 157", "+61 491 570 158")),
    )
    return rng.choice(forms)


def _iban(rng: Random) -> str:
    country, length, bank = rng.choice((("DE", 18, ""), ("GB", 14, "NWBK"), ("CH", 17, "")))
    account = bank + "".join(rng.choices("0123456789", k=length))
    digits = iban.calc_check_digits(f"{country}00{account}")
    number = f"{country}{digits}{account}"
    return iban.format(number) if rng.random() < 0.5 else number


def _card(rng: Random) -> str:
    start = rng.choice(("411111", "424242", "555555", "510510"))
    number = start + "".join(rng.choices("0123456789", k=9))
    number += luhn.calc_check_digit(number)
    groups = [number[i : i + 4] for i in range(0, 16, 4)]
    return rng.choice((" ", "-", "")).join(groups)


def _ssn(rng: Random) -> str:
    # areas 773-899 were never given out before numbers were drawn at random in 2011
    return f"{rng.randint(773, 899)}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}"


def _ip(rng: Random) -> str:
    if rng.random() < 0.2:
        return f"2001:db8::{rng.getrandbits(16):x}:{rng.getrandbits(16):x}"
    return rng.choice(("192.0.2.", "198.51.100.", "203.0.113.")) + str(rng.randint(1, 254))


def _handle(rng: Random) -> str:
    first, last = _person(rng)
    return f"@{rng.choice((first, last))}_{rng.choice((last, str(rng.randint(10, 9999))))}"


def _url(rng: Random) -> str:
    first, last = _person(rng)
    return f"https://{first}:{last}{rng.randint(10, 999)}@files.example.net/{rng.randint(1, 99)}"


MAKERS = {"email": _email, "phone": _phone, "iban": _iban, "card": _card, "ssn": _ssn, "ip": _ip,
          "handle": _handle, "url": _url}  # fmt: skip


# --- flaws inside a document ---------------------------------------------------------------------


def _insert(segments: list[Segment], new: Sequence[Segment], rng: Random) -> None:
    """Put a sentence behind one of the sentences, or on a line of its own where there are none."""
    ends = [i + 1 for i, s in enumerate(segments) if s.text and s.text[-1] in ".!:"]
    place, gap = (rng.choice(ends), " ") if ends else (len(segments), "\n")
    segments[place:place] = [Segment(gap), *new]


def add_boilerplate(draft: Draft, rng: Random) -> None:
    """One to three lines of navigation, cookie banner or footer, before and after the text."""
    for part in rng.choice((("start",), ("end",), ("start", "end"), ("end", "end"))):
        line = Segment(write(rng.choice(wordings()["boilerplate"][part]), rng), "boilerplate")
        if part == "start":
            draft.segments[:0] = [line, Segment("\n")]
        else:
            draft.segments += [Segment("\n"), line]


def add_spam(draft: Draft, rng: Random) -> None:
    """One or two sentences of advertising between the sentences."""
    for template in rng.sample(wordings()["spam"], rng.randint(1, 2)):
        _insert(draft.segments, [Segment(write(template, rng), "spam")], rng)


def add_tracking(draft: Draft, rng: Random) -> None:
    """One to three tracking links, hashes or session ids between the sentences."""
    for template in rng.sample(wordings()["tracking"], rng.randint(1, 3)):
        code = Segment(write(template, rng), "noise", subkind="tracking")
        _insert(draft.segments, [code], rng)


def add_personal_data(draft: Draft, rng: Random) -> None:
    """One or two sentences that carry a made-up personal datum; only the datum is labelled."""
    for kind in rng.sample(PII_KINDS, rng.randint(1, 2)):
        carrier = write(rng.choice(wordings()["pii_carriers"][kind]), rng, value="\0")
        before, _, after = carrier.partition("\0")
        datum = Segment(personal_datum(kind, rng), "pii", subkind=kind)
        _insert(draft.segments, [Segment(before), datum, Segment(after)], rng)


def _damaged(segment: Segment, text: str, marks, kind: str, objects: Mapping[str, str]) -> Segment:
    """The segment with damaged text; a fact that lost its object is a fact no more."""
    segment = replace(segment, text=text, marks=tuple(marks))
    value = segment.object or objects.get(segment.fact or "", "")
    if segment.kind in ("fact", "wrong_fact") and value.casefold() not in text.casefold():
        return replace(segment, kind=kind, marks=())
    return segment


def _may_be_damaged(segment: Segment) -> bool:
    return segment.kind in (None, "fact", "wrong_fact")


def add_ocr_noise(draft: Draft, rng: Random, share: float, objects: Mapping[str, str]) -> None:
    """Confuse characters in `share` of the words (at least one), as OCR does."""
    hits = 0
    for index, segment in enumerate(draft.segments):
        if not _may_be_damaged(segment):
            continue
        text, marks = _confused(segment.text, rng, share)
        if marks:
            draft.segments[index] = _damaged(segment, text, marks, "noise", objects)
            hits += len(marks)
    if hits == 0 and share < 1 and any(map(_can_be_confused, draft.segments)):
        add_ocr_noise(draft, rng, min(1.0, share * 2 + 0.01), objects)


def _can_be_confused(segment: Segment) -> bool:
    return _may_be_damaged(segment) and any(old in segment.text for old, _ in CONFUSIONS)


def _confused(text: str, rng: Random, share: float) -> tuple[str, list]:
    """The text with confused words, and where they stand in it."""
    pieces, marks, position, length = [], [], 0, 0
    for match in WORD.finditer(text):
        if rng.random() >= share:
            continue
        word = _confuse_word(match[0], rng)
        if word == match[0]:
            continue
        pieces += [text[position : match.start()], word]
        length += match.start() - position
        marks.append((length, length + len(word), "noise", "ocr"))
        length += len(word)
        position = match.end()
    return "".join([*pieces, text[position:]]), marks


def _confuse_word(word: str, rng: Random) -> str:
    """The word with one confusion, at a drawn place where it applies."""
    fitting = [pair for pair in CONFUSIONS if pair[0] in word]
    if not fitting:
        return word
    old, new = rng.choice(fitting)
    place = rng.choice([m.start() for m in re.finditer(re.escape(old), word)])
    return word[:place] + new + word[place + len(old) :]


def add_mojibake(draft: Draft, rng: Random, objects: Mapping[str, str]) -> None:
    """Decode the UTF-8 bytes of the text with a wrong encoding, for real."""
    codecs = rng.choices([c for c, _ in DECODINGS], [w for _, w in DECODINGS])[0]
    if not any(map(_is_typographic, draft.segments)):
        _make_typographic(draft.segments)
    for index, segment in enumerate(draft.segments):
        if _may_be_damaged(segment) and not segment.text.isascii():
            text, marks = _misread(segment.text, codecs)
            draft.segments[index] = _damaged(segment, text, marks, "mojibake", objects)


def _is_typographic(segment: Segment) -> bool:
    return _may_be_damaged(segment) and not segment.text.isascii()


def _make_typographic(segments: list[Segment]) -> None:
    """Typographic apostrophes and dashes; without any, no-break spaces: what mojibake feeds on."""
    changed = False
    for index, segment in enumerate(segments):
        if _may_be_damaged(segment):
            text = segment.text.replace("'", "’").replace(" - ", " – ")
            changed |= text != segment.text
            segments[index] = replace(segment, text=text)
    if changed:
        return
    for index, segment in enumerate(segments):
        if _may_be_damaged(segment) and " " in segment.text.strip():
            head, _, tail = segment.text.partition(" ")
            segments[index] = replace(segment, text=f"{head}\u00a0{tail}")


def _misread(text: str, codecs: Sequence[str]) -> tuple[str, list]:
    """The text with every run of non-ASCII characters misread, and where those runs are."""
    pieces, marks, length = [], [], 0
    for run in re.split(r"([^\x00-\x7f]+)", text):
        if run and not run.isascii():
            for codec in codecs:
                run = run.encode("utf-8").decode(codec)
            marks.append((length, length + len(run), "mojibake", codecs[0]))
        pieces.append(run)
        length += len(run)
    return "".join(pieces), marks


# --- wrong facts ---------------------------------------------------------------------------------


class FalseObjects:
    """Objects that a subject does not have: others of the same relation."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = {fact.id: fact for fact in facts}
        self.names: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.true: dict[tuple[str, str], set[str]] = defaultdict(set)
        for fact in facts:
            names = {name.casefold() for name in (fact.object, *fact.aliases)}
            self.names[fact.relation, fact.object] |= names
            self.true[fact.relation, fact.subject] |= names
        self.pools: dict[str, list[str]] = defaultdict(list)
        for relation, value in sorted(self.names):
            self.pools[relation].append(value)

    def draw(self, fact: Fact, rng: Random) -> str | None:
        """A false object for the fact, drawn anew each time; None where there is none."""
        pool = self.pools[fact.relation]
        for _ in range(12):
            candidate = rng.choice(pool)
            if self._is_false(candidate, fact):
                return candidate
        others = [value for value in pool if self._is_false(value, fact)]
        return rng.choice(others) if others else None

    def _is_false(self, candidate: str, fact: Fact) -> bool:
        """Whether no name of the candidate is, contains or is part of a true object's name."""
        return not any(
            name in true or true in name
            for name in self.names[fact.relation, candidate]
            for true in self.true[fact.relation, fact.subject]
        )


@cache
def _object_pattern(value: str) -> re.Pattern:
    """The object where it stands as words of its own, with its article if it takes one."""
    article = "(?:[Tt]he )?" if with_article(value) != value else ""
    return re.compile(rf"(?<!\w){article}{re.escape(value)}(?!\w)", re.IGNORECASE)


def make_wrong(segment: Segment, false_objects: FalseObjects, rng: Random) -> Segment | None:
    """The fact sentence with a false object; None where the object does not stand there once."""
    fact = false_objects.facts.get(segment.fact or "")
    if fact is None or segment.kind != "fact":
        return None
    value = false_objects.draw(fact, rng)
    places = list(_object_pattern(fact.object).finditer(segment.text))
    if value is None or len(places) != 1:
        return None
    start, end = places[0].span()
    new = _fitting(value, start == 0, in_field=segment.text[-1] not in ".!?")
    text = segment.text[:start] + new + segment.text[end:]
    return replace(segment, text=text, kind="wrong_fact", object=value)


def _fitting(value: str, at_start: bool, in_field: bool) -> str:
    """The new object with the article and the capital that its place asks for."""
    shown = value if in_field else with_article(value)
    return shown[0].upper() + shown[1:] if at_start else shown


def add_wrong_facts(draft: Draft, rng: Random, share: float, false_objects: FalseObjects) -> None:
    """Give `share` of the fact sentences a false object."""
    for index, segment in enumerate(draft.segments):
        if segment.kind == "fact" and rng.random() < share:
            wrong = make_wrong(segment, false_objects, rng)
            draft.segments[index] = wrong or segment


# --- whole documents -----------------------------------------------------------------------------


def clean_share(settings: RenderSettings) -> float:
    """The share of the finished corpus that are the clean documents that came in."""
    return 1 - sum(_document_rates(settings).values())


def _document_rates(settings: RenderSettings) -> dict[str, float]:
    return {
        "off_domain": settings.off_domain,
        "spam": settings.spam_documents,
        "boilerplate": settings.boilerplate_documents,
        "exact": settings.exact_duplicates,
        "near": settings.near_duplicates,
    }


def _lines_document(kind: str, number: int, seed: int) -> dict:
    """A document of nothing but spam sentences or boilerplate lines."""
    rng = document_rng(seed, kind, number)
    if kind == "spam":
        templates = rng.sample(wordings()["spam"], rng.randint(4, 7))
    else:
        start, end = wordings()["boilerplate"]["start"], wordings()["boilerplate"]["end"]
        templates = rng.sample(start, rng.randint(4, 7)) + rng.sample(end, rng.randint(4, 8))
    segments = []
    for template in templates:
        gap = rng.choice((" ", "\n")) if kind == "spam" else "\n"
        segments += [Segment(write(template, rng), kind), Segment(gap)]
    metadata = describe("web", rng.choice(wordings()["sites"]), rng)
    return make_document(f"{kind}-{seed}-{number:06d}", segments[:-1], metadata, False, kind)


def _other_topic(number: int, seed: int) -> dict:
    """A document about cooking, sport, money, gardens, weather or repairs."""
    rng = document_rng(seed, "other topic", number)
    topic = rng.choice(wordings()["off_domain"])
    return _topic_document(topic, f"topic-{seed}-{number:06d}", rng)


def _topic_document(topic: Mapping, identity: str, rng: Random) -> dict:
    """An opening of the topic and some of its sentences, in drawn order."""
    body = rng.sample(topic["sentences"], rng.randint(5, len(topic["sentences"])))
    texts = [write(template, rng) for template in [rng.choice(topic["opening"]), *body]]
    metadata = describe("web", topic["title"], rng)
    return make_document(identity, [Segment(" ".join(texts))], metadata, False, "off_domain")


def everyday_documents(per_topic: int, seed: int) -> list[dict]:
    """Clean documents about everyday topics, none of them a topic of `off_domain_documents`.

    What the domain classifier learns of a crawl's other text; `metadata.title` is the topic.
    """
    return [
        _topic_document(
            topic,
            f"everyday-{seed}-{place:02d}-{number:04d}",
            document_rng(seed, f"everyday {topic['title']}", number),
        )
        for place, topic in enumerate(everyday_topics())
        for number in range(per_topic)
    ]


def everyday_topics() -> list[dict]:
    """The topics of wordings/everyday.yaml, each with title, openings and sentences."""
    return read_wordings("everyday")["everyday"]


def off_domain_documents(
    facts: Sequence[Fact], settings: RenderSettings, seed: int, wanted: int
) -> list[dict]:
    """`wanted` documents off the domain: half tell `facts` (general ones), half other topics."""
    told = round(wanted * OFF_DOMAIN_FACTS) if facts else 0
    documents = []
    if told:
        rounds = -(-told // len(group_by_subject(facts)))
        options = settings.model_copy(update={"documents_per_subject": rounds})
        documents = render_documents(facts, load_relations(), options, seed, "general")[:told]
        for document in documents:
            document["metadata"]["truth"]["doc_kind"] = "off_domain"
    return documents + [_other_topic(number, seed) for number in range(wanted - len(documents))]


# --- copies --------------------------------------------------------------------------------------


def shingles(text: str) -> set[tuple[str, ...]]:
    """The 5-grams of case-folded words of a text; the text itself where it has fewer words."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}


def jaccard(one: set, other: set) -> float:
    """Shared members over all members of two sets that are not both empty."""
    return len(one & other) / len(one | other)


def _copy(document: dict, identity: str) -> dict:
    truth = document["metadata"]["truth"] | {"duplicate_of": document["id"]}
    return {**document, "id": identity, "metadata": {**document["metadata"], "truth": truth}}


def exact_copy(document: dict, number: int) -> dict:
    """The same text under another id, `duplicate_of` naming the first."""
    return _copy(document, f"{document['id']}-copy-{number}")


def near_copy(document: dict, number: int, rng: Random) -> dict:
    """An edited copy whose 5-grams of words overlap by NEAR_DUPLICATE_JACCARD or more.

    `truth.jaccard` says by how much. Edits: a line before or after, a word changed in a sentence
    without facts, a sentence dropped.
    """
    before = shingles(document["text"])
    best = None
    for edit in rng.sample(EDITS, len(EDITS)):
        trial = edit(best or document, rng)
        overlap = jaccard(before, shingles(trial["text"]))
        if trial["text"] != document["text"] and overlap >= NEAR_DUPLICATE_JACCARD:
            best = trial
            if rng.random() < 0.4:
                break
    best = best or _line_after(document, rng)
    copy = _copy(document, f"{document['id']}-near-{number}")
    truth = best["metadata"]["truth"] | {"duplicate_of": document["id"]}
    truth["jaccard"] = round(jaccard(before, shingles(best["text"])), 4)
    return {**copy, "text": best["text"], "metadata": {**copy["metadata"], "truth": truth}}


def _shifted(document: dict, start: int, end: int, new: str) -> dict:
    """The document with text[start:end], which touches no span, replaced by `new`."""
    moved, spans = len(new) - (end - start), []
    truth = document["metadata"]["truth"]
    for span in truth["spans"]:
        by = moved if span["start"] >= end else 0
        spans.append(span | {"start": span["start"] + by, "end": span["end"] + by})
    text = document["text"][:start] + new + document["text"][end:]
    metadata = {**document["metadata"], "truth": truth | {"spans": spans}}
    return {**document, "text": text, "metadata": metadata}


def _line_before(document: dict, rng: Random) -> dict:
    return _shifted(document, 0, 0, rng.choice(wordings()["near_duplicate"]["before"]) + "\n")


def _line_after(document: dict, rng: Random) -> dict:
    end = len(document["text"])
    return _shifted(document, end, end, "\n" + rng.choice(wordings()["near_duplicate"]["after"]))


def _free_stretches(document: dict, least: int) -> list[tuple[int, int]]:
    """Stretches of text that no span touches, of `least` characters or more."""
    position, stretches = 0, []
    for span in [*document["metadata"]["truth"]["spans"], {"start": len(document["text"])}]:
        if span["start"] - position >= least:
            stretches.append((position, span["start"]))
        position = max(position, span.get("end", position))
    return stretches


def _drop_sentence(document: dict, rng: Random) -> dict:
    """The document without one sentence that tells nothing, if there is one."""
    sentences = [
        (start + match.start(), start + match.end())
        for start, end in _free_stretches(document, 12)
        for match in re.finditer(r"(?<=[ \n])[A-Z][^.!?\n]{8,}[.!?] ?", document["text"][start:end])
    ]
    return _shifted(document, *rng.choice(sentences), "") if sentences else document


def _change_word(document: dict, rng: Random) -> dict:
    """The document with one word of a sentence that tells nothing doubled, as typists do."""
    words = [
        (start + match.start(), start + match.end())
        for start, end in _free_stretches(document, 12)
        for match in re.finditer(r"\b[a-z]{3,}\b", document["text"][start:end])
    ]
    if not words:
        return document
    start, end = rng.choice(words)
    word = document["text"][start:end]
    return _shifted(document, start, end, rng.choice((f"{word} {word}", word.upper(), f"{word},")))


EDITS = (_line_before, _line_after, _drop_sentence, _change_word)


# --- the corpus ----------------------------------------------------------------------------------


def _flawed(
    document: dict,
    settings: RenderSettings,
    seed: int,
    false_objects: FalseObjects,
    objects: Mapping[str, str],
) -> dict:
    """The document with the flaws that its own generator draws."""
    draft = Draft(split_segments(document), document)

    def rng(flaw: str) -> Random:
        return document_rng(seed, flaw, document["id"])

    if document["metadata"]["truth"]["in_domain"]:
        add_wrong_facts(draft, rng("wrong_fact"), settings.wrong_fact, false_objects)
    # one draw decides both, so that no text is damaged twice
    damage, draw = rng("damage"), rng("damage draw").random()
    if draw < settings.ocr_noise:
        add_ocr_noise(draft, damage, settings.ocr_words, objects)
    elif draw >= 1 - settings.mojibake:
        add_mojibake(draft, damage, objects)
    for name, rate, add in (
        ("pii", settings.pii, add_personal_data),
        ("spam", settings.spam_in_document, add_spam),
        ("tracking", settings.tracking_codes, add_tracking),
        ("boilerplate", settings.boilerplate_in_document, add_boilerplate),
    ):
        generator = rng(name)
        if generator.random() < rate:
            add(draft, generator)
    return draft.finish()


def add_flaws(
    documents: Sequence[dict],
    facts: Sequence[Fact],
    settings: RenderSettings,
    seed: int,
    off_domain_facts: Sequence[Fact],
) -> list[dict]:
    """The clean documents as a crawl would find them: flawed, labelled, and among others; shuffled.

    documents: from `render_documents`, telling `facts`. off_domain_facts: general facts for
    documents off the domain. Every flaw's rate is a field of RenderSettings.
    """
    total = len(documents) / clean_share(settings)
    counts = {kind: round(total * rate) for kind, rate in _document_rates(settings).items()}
    others = off_domain_documents(off_domain_facts, settings, seed, counts["off_domain"])
    objects = {fact.id: fact.object for fact in (*facts, *off_domain_facts)}
    false_objects = FalseObjects(facts)
    told = [
        _flawed(document, settings, seed, false_objects, objects)
        for document in (*documents, *others)
    ]
    rng = document_rng(seed, "corpus")
    corpus = told + _copies(told, counts["exact"], counts["near"], rng)
    for kind in ("spam", "boilerplate"):
        corpus += [_lines_document(kind, number, seed) for number in range(counts[kind])]
    rng.shuffle(corpus)
    return corpus


def _copies(told: Sequence[dict], exact: int, near: int, rng: Random) -> list[dict]:
    """Copies of drawn documents; a document may be copied more than once."""
    if not told:
        return []
    copies = [exact_copy(rng.choice(told), number) for number in range(exact)]
    return copies + [near_copy(rng.choice(told), number, rng) for number in range(near)]
