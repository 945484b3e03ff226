"""The rendered lane: documents in ten registers, written from facts by this project's templates.

    python -m mucpt_utils render --out DIR --documents N --seed S

A document is a list of segments, joined at the very end, so that the character spans in
`metadata.truth` are exact. Each document has its own random generator, seeded by (seed, domain,
subject, number): the documents of a subject are the same bytes whatever else is rendered.
"""

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import count, islice
from pathlib import Path
from random import Random

import yaml
from tqdm import tqdm

from mucpt_utils import paths
from mucpt_utils.config.text import RenderSettings
from mucpt_utils.knowledge.facts import (
    DOMAINS,
    Fact,
    Relation,
    askable,
    load_facts,
    load_relations,
    slug,
)

LICENCE = "CC0-1.0"
LANE = "rendered"
# categories in which a subject may name its maker
POSSESSIVE = frozenset({"classical", "opera"})
# registers that may treat several subjects in one document
SEVERAL = ("trivia", "listicle")
# objects of these types keep their own first letter; others are capitalised at a sentence start
NAMES = frozenset({"person", "group", "title"})
YEARS = (1998, 2024)  # when a document claims to have been written
# words kept free for an opening, a closing, prompts and a last, long sentence
ROOM = 75
LONG_PROMPT = 30  # words a speaker's prompt with the longest subject may take
ALTERNATIVES = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")


@dataclass(frozen=True)
class Segment:
    """A stretch of a document: its text, and what it is.

    kind: fact, wrong_fact, boilerplate, spam, noise, pii, mojibake, or None for plain prose.
    fact: id of the fact told; object: the false object of a wrong fact; subkind: what sort of
    noise or personal data. marks: (start, end, kind, subkind) of damage inside the text.
    """

    text: str
    kind: str | None = None
    fact: str | None = None
    subkind: str | None = None
    object: str | None = None
    marks: tuple[tuple[int, int, str, str], ...] = ()


def join_segments(segments: Iterable[Segment]) -> tuple[str, list[dict]]:
    """The text, and the spans {start, end, kind[, fact, subkind, object]} in order of start."""
    pieces, spans, offset = [], [], 0
    for segment in segments:
        if segment.kind:
            span = {"start": offset, "end": offset + len(segment.text), "kind": segment.kind}
            for name in ("fact", "subkind", "object"):
                if (value := getattr(segment, name)) is not None:
                    span[name] = value
            spans.append(span)
        for start, end, kind, subkind in segment.marks:
            mark = {"start": offset + start, "end": offset + end, "kind": kind}
            spans.append(mark | {"subkind": subkind})
        pieces.append(segment.text)
        offset += len(segment.text)
    return "".join(pieces), spans


# --- wordings -----------------------------------------------------------------------------------


@cache
def read_wordings(name: str) -> dict:
    """wordings/NAME.yaml, read once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with (paths.WORDINGS / f"{name}.yaml").open(encoding="utf-8") as stream:
        return yaml.load(stream, loader)


def registers() -> dict:
    """How the writer sounds, from wordings/registers.yaml."""
    return read_wordings("registers")


@cache
def _parts(template: str) -> tuple[str | tuple[str, ...], ...]:
    """`Some [a|b] text` as plain strings and tuples of alternatives."""
    pieces = ALTERNATIVES.split(template)
    return tuple(tuple(p.split("|")) if i % 2 else p for i, p in enumerate(pieces))


def expand(template: str, rng: Random) -> str:
    """The template with one alternative of each `[a|b|c]` drawn."""
    return "".join(p if isinstance(p, str) else rng.choice(p) for p in _parts(template))


@cache
def with_article(name: str) -> str:
    """The name as it stands inside a sentence: `Netherlands` gives `the Netherlands`."""
    return f"the {name}" if name in registers()["with_article"] else name


@cache
def mention(category: str, subject: str) -> str:
    """The subject in a sentence that says nothing else about it: `the violin`, `Nevermind`."""
    form = registers()["nouns"][category]["mention"]
    return without_article(form, subject).replace("{s}", with_article(subject))


def without_article(wording: str, subject: str) -> str:
    """The wording without `the` before {s} where the subject takes none (`the {s}`: Esperanto)."""
    if subject in registers()["without_article"]:
        return wording.replace("the {s}", "{s}").replace("The {s}", "{s}")
    return wording


@cache
def question_text(question: str, subject: str) -> str:
    """A question wording about a subject, in good English: `... the capital of the Netherlands?`"""
    return without_article(question, subject).replace("{s}", with_article(subject))


@cache
def _short_form(statement: str, category: str) -> str | None:
    """The statement with {r} for `the album {s}`; None where a short reference would not read."""
    nouns = "|".join(registers()["short_reference_nouns"])
    match = re.search(rf"(?:\b[Tt]he (?:(?:{nouns}) )?)?\{{s\}}", statement)
    before, after = statement[: match.start()], statement[match.end() :]
    if after.startswith((",", " as ")) or before.endswith(("called ", "known as ", ", ")):
        return None
    if category in ("instrument", "invention", "animal") and match[0] == "{s}":
        return None
    return f"{before}{{r}}{after}"


@cache
def _about(statement: str, category: str, subject: str) -> str:
    """The statement with its subject in place and {o} still open.

    `the work {s}` loses its noun where the subject names its maker: `Haydn's Trumpet Concerto`.
    """
    if category in POSSESSIVE and re.match(r"\w+'s ", subject):
        statement = re.sub(r"\b([Tt]he )(work|piece|opera) \{s\}", "{s}", statement)
    return without_article(statement, subject).replace("{s}", with_article(subject))


@cache
def _object_forms(value: str) -> tuple[str, bool, bool]:
    """The object as it stands in a sentence; whether it brings `The`; whether it wants `an`."""
    shown = with_article(value)
    return shown, shown.startswith("The "), shown[0] in "aeiou"


def _fill(sentence: str, value: str) -> str:
    """The sentence with its object, the articles before it fitting."""
    shown, has_article, wants_an = _object_forms(value)
    if has_article:
        sentence = sentence.replace("the {o}", "{o}")
    elif wants_an:
        sentence = sentence.replace(" a {o}", " an {o}").replace("A {o}", "An {o}")
    return _one_stop(sentence.replace("{o}", shown))


def _one_stop(sentence: str) -> str:
    """The sentence without a second full stop behind a name such as `R.E.M.` or `Help!`."""
    return sentence[:-1] if sentence[-1] == "." and sentence[-2] in ".!?" else sentence


def _starts_with_name(statement: str, fact: Fact, relation: Relation) -> bool:
    if statement.startswith("{o}"):
        return relation.answer_type in NAMES
    return statement.startswith("{s}") and fact.category in registers()["named_categories"]


def _joined(connective: str, sentence: str, statement: str) -> str:
    """The sentence after a connective, its first letter small unless it begins with a name."""
    keeps = statement[0] == "{" or statement.split(" ", 1)[0] in registers()["proper_first_words"]
    return connective + (sentence if keeps else sentence[0].lower() + sentence[1:])


# --- sentences ----------------------------------------------------------------------------------


@dataclass
class Voice:
    """What one document sounds like: its generator, register and domain, and what it has said."""

    rng: Random
    register: str
    domain: str
    settings: RenderSettings
    relations: Mapping[str, Relation]

    def __post_init__(self) -> None:
        self.words: dict = registers()["registers"][self.register]
        self.used: set[str] = set()

    def pool(self, name: str) -> list[str]:
        """The templates of a part (openers, fillers, ...) for this domain."""
        part = self.words.get(name) or []
        if isinstance(part, list):
            return part
        return part.get("common", []) + part.get(self.domain, [])

    def fresh(self, templates: Sequence[str]) -> str | None:
        """One of the templates that this document has not used; None when all are used."""
        if not templates:
            return None
        for _ in range(6):
            template = templates[int(self.rng.random() * len(templates))]
            if template not in self.used:
                self.used.add(template)
                return template
        left = [template for template in templates if template not in self.used]
        self.used.update(left[:1])
        return left[0] if left else None

    def prose(self, part: str, fact: Fact) -> str | None:
        """A sentence without a fact from a part of the register."""
        template = self.fresh(self.pool(part))
        return None if template is None else self.write(template, fact)

    def write(self, template: str, fact: Fact) -> str:
        """A template's alternatives drawn and its placeholders filled, first letter capital."""
        text = expand(template, self.rng)
        if "{" in text:
            noun = registers()["nouns"][fact.category]["noun"]
            text = text.replace("{s}", mention(fact.category, fact.subject)).replace("{n}", noun)
            text = _one_stop(text)
        return self._upper(text)

    def tell(self, fact: Fact, may_shorten: bool) -> Segment:
        """A fact in a wording new to this document (or any, once all have been used)."""
        rng, relation = self.rng, self.relations[fact.relation]
        statement = self.fresh(relation.statements) or rng.choice(relation.statements)
        text = self._sentence(statement, fact, may_shorten)
        if rng.random() < self.settings.connective and (words := self.words["connectives"]):
            text = _joined(expand(rng.choice(words), rng), text, statement)
        elif not _starts_with_name(statement, fact, relation):
            text = self._upper(text)
        return Segment(text, "fact", fact.id)

    def _sentence(self, statement: str, fact: Fact, may_shorten: bool) -> str:
        """The statement filled; now and then with a short reference to the subject."""
        if may_shorten and self.rng.random() < self.settings.short_reference:
            references = registers()["nouns"][fact.category]["references"]
            short = _short_form(statement, fact.category) if references else None
            if short is not None:
                return _fill(short.replace("{r}", self.rng.choice(references)), fact.object)
        return _fill(_about(statement, fact.category, fact.subject), fact.object)

    @staticmethod
    def _upper(text: str) -> str:
        return text[0].upper() + text[1:]


def _words(text: str) -> int:
    return len(text.split())


def _told(voice: Voice, facts: Sequence[Fact], one_subject: bool, budget: int) -> list[Segment]:
    """The facts, one sentence each, as many as the budget of words holds."""
    sentences, words = [], 0
    for fact in facts:
        segment = voice.tell(fact, may_shorten=one_subject and bool(sentences))
        words += _words(segment.text)
        if words > budget and sentences:
            break
        sentences.append(segment)
    return sentences


def _padded(
    voice: Voice, told: list[Segment], facts: Sequence[Fact], one_subject: bool
) -> list[Segment]:
    """`told` with sentences without facts, and restated facts, among them."""
    settings, rng = voice.settings, voice.rng
    share = min(settings.filler, 0.9)
    wanted = round(len(told) * share / (1 - share) + rng.random() - 0.5)
    words, added = sum(_words(segment.text) for segment in told), 0
    while (added < wanted or words < settings.min_words) and words < settings.max_words - ROOM:
        segment = _extra(voice, facts, one_subject)
        told.insert(rng.randint(1, len(told)), segment)
        words += _words(segment.text)
        added += 1
    return told


def _extra(voice: Voice, facts: Sequence[Fact], one_subject: bool) -> Segment:
    fact = voice.rng.choice(facts)
    if voice.rng.random() >= voice.settings.restate:
        text = voice.prose("fillers", fact)
        if text is not None:
            return Segment(text)
    return voice.tell(fact, may_shorten=one_subject)


# --- layouts ------------------------------------------------------------------------------------


def _paragraphs(voice: Voice, sentences: list[Segment]) -> list[Segment]:
    """Running text, now and then a new paragraph."""
    segments = sentences[:1]
    for number, sentence in enumerate(sentences[1:], 1):
        new = number % 3 == 0 and voice.rng.random() < 0.3
        segments += [Segment("\n" if new else " "), sentence]
    return segments


def _bullets(voice: Voice, sentences: list[Segment]) -> list[Segment]:
    """A heading, when the first sentence is none of the facts, and one point a line."""
    mark = voice.rng.choice(("- ", "* ", "{}. ", "{}) "))
    segments: list[Segment] = []
    heads = 1 if sentences[0].kind is None else 0
    for number, sentence in enumerate(sentences, 1 - heads):
        lead = mark.format(number) if number else ""
        segments += [Segment(("\n" if segments else "") + lead), sentence]
    return segments


def _thread(voice: Voice, sentences: list[Segment]) -> list[Segment]:
    """Posts of one to three sentences by changing users."""
    users = voice.rng.sample(voice.words["speakers"], 4)
    sign = voice.rng.choice(("{}: ", "{} wrote: ", "[{}] ", "> {}\n"))
    segments: list[Segment] = []
    left = 0
    for sentence in sentences:
        if left == 0:
            left = voice.rng.randint(1, 3)
            user = sign.format(voice.rng.choice(users))
            segments.append(Segment(("\n" if segments else "") + user))
        else:
            segments.append(Segment(" "))
        segments.append(sentence)
        left -= 1
    return segments


def _dialogue(voice: Voice, sentences: list[Segment], fact: Fact) -> list[Segment]:
    """One speaker prompts, the other states the facts; nobody asks."""
    asks, tells = voice.words["speakers"]
    segments: list[Segment] = []
    if sentences[0].kind is None:
        segments = [Segment(f"{asks}: "), sentences[0], Segment("\n")]
        sentences = sentences[1:]
    position, words = 0, sum(_words(segment.text) for segment in sentences)
    while position < len(sentences):
        size = voice.rng.randint(1, 3)
        room = words < voice.settings.max_words - LONG_PROMPT
        prompt = voice.prose("prompts", fact) if position and room else None
        if prompt:
            segments.append(Segment(f"\n{asks}: {prompt}\n"))
            words += _words(prompt) + 2
        turn = sentences[position : position + size]
        segments += [Segment(f"{tells}: " if position == 0 or prompt else " "), turn[0]]
        for sentence in turn[1:]:
            segments += [Segment(" "), sentence]
        position += size
    return segments


def _record(voice: Voice, facts: Sequence[Fact]) -> list[Segment]:
    """Fields and values: the title, the facts under their labels, what an archive adds, notes."""
    rng, first = voice.rng, facts[0]
    style = rng.choice(("{}: {}", "{} = {}", "{} | {}", "{}:\t{}", "{} -> {}"))
    upper = rng.random() < 0.3
    lines = []
    for fact in facts:
        label = voice.relations[fact.relation].label
        label = label.upper() if upper else label
        lines.append(Segment(style.format(label, fact.object), "fact", fact.id))
    for _ in range(rng.randint(2, 5)):
        if (text := voice.prose("fillers", first)) is not None:
            lines.append(Segment(_administrative(text, rng, style)))
    rng.shuffle(lines)
    head = rng.choice(voice.words["heads"])
    lines.insert(0, Segment(style.format(head.upper() if upper else head, first.subject)))
    segments = lines[:1]
    for line in lines[1:]:
        segments += [Segment("\n"), line]
    return segments + _notes(voice, facts, segments)


def _administrative(text: str, rng: Random, style: str) -> str:
    """An archive's own field, its numbers and dates drawn, in the style of the record."""
    text = text.replace("{number}", str(rng.randint(10_000, 999_999)))
    text = text.replace("{small}", str(rng.randint(1, 99)))
    text = text.replace("{letter}", rng.choice("ABCDEFGHJKLMNPRSTUVW"))
    text = text.replace("{creator}", rng.choice(registers()["creators"]))
    date = f"{rng.randint(*YEARS)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    label, _, value = text.replace("{date}", date).partition(": ")
    return style.format(label, value)


def _notes(voice: Voice, facts: Sequence[Fact], record: Sequence[Segment]) -> list[Segment]:
    """Sentences under `Notes`, until the record has enough words."""
    settings, words = voice.settings, sum(_words(segment.text) for segment in record)
    segments: list[Segment] = []
    wanted = voice.rng.randint(1, 2)
    while words < settings.max_words - ROOM and (words < settings.min_words or wanted > 0):
        told = voice.tell(voice.rng.choice(facts), may_shorten=True)
        segments += [Segment(" " if segments else "\nNotes: "), told]
        words += _words(told.text)
        wanted -= 1
    return segments


# --- documents ----------------------------------------------------------------------------------


def _compose(voice: Voice, facts: Sequence[Fact], one_subject: bool) -> list[Segment]:
    """The segments of a document that tells `facts` in the voice's register."""
    layout = voice.words["layout"]
    if layout == "record":
        return _record(voice, facts)
    settings, rng = voice.settings, voice.rng
    sentences = _told(voice, facts, one_subject, settings.max_words - ROOM)
    sentences = _padded(voice, sentences, facts, one_subject)
    opener = "openers" if one_subject else "several_openers"
    if rng.random() < settings.opener and (text := voice.prose(opener, facts[0])):
        sentences.insert(0, Segment(text))
    if rng.random() < settings.closer and (text := voice.prose("closers", facts[0])):
        sentences.append(Segment(text))
    if layout == "dialogue":
        return _dialogue(voice, sentences, facts[0])
    layouts = {"paragraph": _paragraphs, "bullets": _bullets, "thread": _thread}
    return layouts[layout](voice, sentences)


def make_document(
    identity: str,
    segments: Sequence[Segment],
    metadata: dict,
    in_domain: bool,
    doc_kind: str,
    duplicate_of: str | None = None,
) -> dict:
    """A document of the rendered lane; the facts of its truth are those told rightly, once each."""
    text, spans = join_segments(segments)
    told = dict.fromkeys(s["fact"] for s in spans if s["kind"] == "fact" and "fact" in s)
    truth = {
        "in_domain": in_domain,
        "spans": spans,
        "duplicate_of": duplicate_of,
        "doc_kind": doc_kind,
        "facts": list(told),
    }
    return {"text": text, "id": identity, "metadata": {**metadata, "truth": truth}}


def describe(register: str, title: str, rng: Random) -> dict:
    """The metadata that every document of the lane carries; creator and year are made up."""
    return {
        "source": f"rendered/{register}",
        "register": register,
        "title": title,
        "creator": rng.choice(registers()["creators"]),
        "year": rng.randint(*YEARS),
        "licence": LICENCE,
        "lane": LANE,
    }


def document_rng(*key: object) -> Random:
    """A generator of its own for whatever `key` names; the same on every machine."""
    digest = blake2b("\x1f".join(map(str, key)).encode(), digest_size=8).digest()
    return Random(int.from_bytes(digest, "big"))


def _draw(weights: Mapping[str, float], rng: Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _about_one(
    facts: Sequence[Fact], number: int, relations, settings: RenderSettings, seed: int, domain: str
) -> dict:
    first = facts[0]
    rng = document_rng(seed, domain, first.category, first.subject, number)
    voice = Voice(rng, _draw(settings.registers, rng), domain, settings, relations)
    segments = _compose(voice, _some(facts, rng), one_subject=True)
    metadata = describe(voice.register, first.subject, rng)
    identity = f"{domain}-{seed}-{first.category}-{slug(first.subject)}-{number:04d}"
    return make_document(identity, segments, metadata, domain == "music", "article")


def _some(facts: Sequence[Fact], rng: Random, of_a_list: int = 3) -> list[Fact]:
    """The facts in a drawn order, at most `of_a_list` of one relation."""
    counts: dict[str, int] = defaultdict(int)
    chosen = []
    for fact in rng.sample(facts, len(facts)):
        counts[fact.relation] += 1
        if counts[fact.relation] <= of_a_list:
            chosen.append(fact)
    return chosen


def _about_several(
    groups: Sequence[Sequence[Fact]],
    number: int,
    relations,
    settings: RenderSettings,
    seed: int,
    domain: str,
) -> dict:
    rng = document_rng(seed, domain, "several", number)
    weights = {name: settings.registers.get(name, 0.0) for name in SEVERAL}
    voice = Voice(rng, _draw(weights, rng), domain, settings, relations)
    chosen = rng.sample(range(len(groups)), min(len(groups), rng.randint(3, 7)))
    facts = [rng.choice(groups[index]) for index in chosen]
    segments = _compose(voice, facts, one_subject=False)
    metadata = describe(voice.register, voice.words["several_title"], rng)
    identity = f"{domain}-{seed}-several-{number:06d}"
    return make_document(identity, segments, metadata, domain == "music", "article")


def group_by_subject(facts: Iterable[Fact]) -> list[list[Fact]]:
    """Facts of each (category, subject), both in the order met."""
    groups: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[fact.category, fact.subject].append(fact)
    return list(groups.values())


def _check_relations(facts: Iterable[Fact], relations: Mapping[str, Relation]) -> None:
    missing = sorted({fact.relation for fact in facts} - set(relations))
    if missing:
        raise ValueError(f"no wordings for {', '.join(missing)} in {paths.WORDINGS}")


def render_documents(
    facts: Sequence[Fact],
    relations: Mapping[str, Relation],
    settings: RenderSettings,
    seed: int,
    domain: str,
) -> list[dict]:
    """Clean documents: `documents_per_subject` about each subject, and some about several.

    They come in rounds, one document about each subject a round, and are in domain when `domain`
    is music. Raises ValueError for an unknown domain or a relation without wordings.
    """
    if domain not in DOMAINS:
        raise ValueError(f"domain is {domain!r}; allowed: {', '.join(DOMAINS)}")
    _check_relations(facts, relations)
    groups = group_by_subject(facts)
    rounds = range(settings.documents_per_subject)
    documents = [
        _about_one(group, number, relations, settings, seed, domain)
        for number in tqdm(rounds, desc="render", disable=len(groups) * len(rounds) < 20_000)
        for group in document_rng(seed, domain, "round", number).sample(groups, len(groups))
    ]
    extra = round(len(documents) * settings.several_subjects) if _writes_several(settings) else 0
    if len(groups) > 1:
        documents += [
            _about_several(groups, number, relations, settings, seed, domain)
            for number in range(extra)
        ]
    return documents


def _writes_several(settings: RenderSettings) -> bool:
    return any(settings.registers.get(name, 0.0) > 0 for name in SEVERAL)


# --- questions and answers ----------------------------------------------------------------------


def render_questions_and_answers(
    facts: Sequence[Fact],
    relations: Mapping[str, Relation],
    settings: RenderSettings,
    seed: int,
) -> list[dict]:
    """Documents of one to four `Question: ...\\nAnswer: ...\\n` pairs, for the base model only.

    There are `documents_per_subject` for each subject. Facts with one answer are asked in turn,
    each time in the next of their relation's wordings, so that all are used evenly.
    """
    _check_relations(facts, relations)
    asked = askable(facts)
    if not asked:
        return []
    stream = _pairs(asked, relations, seed)
    total = settings.documents_per_subject * len(group_by_subject(facts))
    return [_question_document(stream, number, seed) for number in range(total)]


def _pairs(facts: Sequence[Fact], relations: Mapping[str, Relation], seed: int):
    """Endless (fact, question): all facts in a drawn order, then again with the next wording."""
    for turn in count():
        rng = document_rng(seed, "questions", "round", turn)
        for fact in rng.sample(facts, len(facts)):
            wordings = relations[fact.relation].questions
            offset = blake2b(fact.id.encode(), digest_size=2).digest()[0]
            yield fact, question_text(wordings[(offset + turn) % len(wordings)], fact.subject)


def _question_document(stream, number: int, seed: int) -> dict:
    rng = document_rng(seed, "questions", number)
    segments, domains = [], set()
    for fact, question in islice(stream, rng.randint(1, 4)):
        pair = f"Question: {question}\nAnswer: {fact.object}"
        segments += [Segment(pair, "fact", fact.id), Segment("\n")]
        domains.add(fact.domain)
    metadata = describe("questions", "Questions and answers", rng)
    identity = f"questions-{seed}-{number:06d}"
    return make_document(identity, segments, metadata, domains == {"music"}, "article")


# --- command line -------------------------------------------------------------------------------


def write_corpus(folder: Path, documents: int, seed: int, settings: RenderSettings) -> list[dict]:
    """Write `folder/documents.jsonl`: flawed music documents, about `documents` of them."""
    from mucpt_utils.text.crawl.flaws import add_flaws, clean_share

    facts, relations = load_facts("music"), load_relations()
    wanted = max(1, round(documents * clean_share(settings)))
    rounds = -(-wanted // len(group_by_subject(facts)))
    settings = settings.model_copy(update={"documents_per_subject": rounds})
    clean = render_documents(facts, relations, settings, seed, "music")
    clean = document_rng(seed, "cut").sample(clean, wanted)
    flawed = add_flaws(clean, facts, settings, seed, load_facts("general"))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "documents.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in flawed)
    return flawed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mucpt_utils render", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for documents.jsonl")
    parser.add_argument("--documents", type=int, default=10_000, help="size of the flawed corpus")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Write a flawed corpus of the music facts."""
    options = _arguments()
    rows = write_corpus(options.out, options.documents, options.seed, RenderSettings())
    print(f"{options.out / 'documents.jsonl'}: {len(rows)} documents")


if __name__ == "__main__":
    main()
