"""Layouts: how a register lays out sentences (text, points, posts, a dialogue, a record)."""

from collections.abc import Sequence

from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.text.render.segments import Segment, joined_by
from mucpt_utils.text.render.voice import Voice
from mucpt_utils.text.render.wording import registers

YEARS = (1998, 2024)  # when a document claims to have been written
LONG_PROMPT = 30  # words of the longest prompt that a speaker may give


def compose(voice: Voice, facts: Sequence[Fact], one_subject: bool) -> list[Segment]:
    """The segments of a document that states `facts` in the voice's register."""
    layout, settings, rng = voice.words["layout"], voice.settings, voice.rng
    if layout == "record":
        fields = record(voice, facts)
        return fields + notes(voice, facts, sum(segment.words for segment in fields))
    sentences = voice.sentences(facts, one_subject)
    opener = "openers" if one_subject else "several_openers"
    if rng.random() < settings.opener and (text := voice.prose(opener, facts[0])):
        sentences.insert(0, Segment(text))
    if rng.random() < settings.closer and (text := voice.prose("closers", facts[0])):
        sentences.append(Segment(text))
    if layout == "dialogue":
        return dialogue(voice, sentences, facts[0])
    return {"paragraph": paragraphs, "bullets": bullets, "thread": thread}[layout](voice, sentences)


def paragraphs(voice: Voice, sentences: list[Segment]) -> list[Segment]:
    """Running text with a new paragraph now and then."""
    segments = sentences[:1]
    for number, sentence in enumerate(sentences[1:], 1):
        breaks = number % 3 == 0 and voice.rng.random() < 0.3
        segments += [Segment("\n" if breaks else " "), sentence]
    return segments


def bullets(voice: Voice, sentences: list[Segment]) -> list[Segment]:
    """A heading, if the first sentence states no fact, and one point per line."""
    bullet = voice.rng.choice(("- ", "* ", "{}. ", "{}) "))
    segments: list[Segment] = []
    headings = 1 if sentences[0].kind is None else 0
    for number, sentence in enumerate(sentences, 1 - headings):
        lead = bullet.format(number) if number else ""
        segments += [Segment(("\n" if segments else "") + lead), sentence]
    return segments


def thread(voice: Voice, sentences: list[Segment]) -> list[Segment]:
    """Posts of one to three sentences by alternating users."""
    users = voice.rng.sample(voice.words["speakers"], 4)
    signature = voice.rng.choice(("{}: ", "{} wrote: ", "[{}] ", "> {}\n"))
    segments: list[Segment] = []
    remaining = 0  # sentences of the post that are still to come
    for sentence in sentences:
        if remaining == 0:
            remaining = voice.rng.randint(1, 3)
            user = signature.format(voice.rng.choice(users))
            segments.append(Segment(("\n" if segments else "") + user))
        else:
            segments.append(Segment(" "))
        segments.append(sentence)
        remaining -= 1
    return segments


def dialogue(voice: Voice, sentences: list[Segment], fact: Fact) -> list[Segment]:
    """One speaker prompts, the other states the facts; nobody asks."""
    prompter, speaker = voice.words["speakers"]
    segments: list[Segment] = []
    if sentences[0].kind is None:
        segments = [Segment(f"{prompter}: "), sentences[0], Segment("\n")]
        sentences = sentences[1:]
    position, words = 0, sum(sentence.words for sentence in sentences)
    while position < len(sentences):
        size = voice.rng.randint(1, 3)
        # each turn after the first follows a prompt, while there is room for one
        has_room = words < voice.settings.max_words - LONG_PROMPT
        prompt = voice.prose("prompts", fact) if position and has_room else None
        if prompt:
            segments.append(Segment(f"\n{prompter}: {prompt}\n"))
            words += len(prompt.split()) + 2
        segments.append(Segment(f"{speaker}: " if position == 0 or prompt else " "))
        segments += joined_by(" ", sentences[position : position + size])
        position += size
    return segments


def record(voice: Voice, facts: Sequence[Fact]) -> list[Segment]:
    """Fields and values: the title, then the facts under their labels among an archive's fields."""
    rng, first = voice.rng, facts[0]
    style = rng.choice(("{}: {}", "{} = {}", "{} | {}", "{}:\t{}", "{} -> {}"))
    in_capitals = rng.random() < 0.3
    fields = []
    for fact in facts:
        label = voice.relations[fact.relation].label
        label = label.upper() if in_capitals else label
        fields.append(Segment(style.format(label, fact.object), "fact", fact.id))
    for _ in range(rng.randint(2, 5)):
        if (text := voice.prose("fillers", first)) is not None:
            text = text.replace("{number}", str(rng.randint(10_000, 999_999)))
            text = text.replace("{small}", str(rng.randint(1, 99)))
            text = text.replace("{letter}", rng.choice("ABCDEFGHJKLMNPRSTUVW"))
            text = text.replace("{creator}", rng.choice(registers()["creators"]))
            date = f"{rng.randint(*YEARS)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
            label, _, value = text.replace("{date}", date).partition(": ")
            fields.append(Segment(style.format(label, value)))
    rng.shuffle(fields)
    title = rng.choice(voice.words["heads"])
    title = style.format(title.upper() if in_capitals else title, first.subject)
    return joined_by("\n", [Segment(title), *fields])


def notes(voice: Voice, facts: Sequence[Fact], words: int) -> list[Segment]:
    """Sentences under `Notes`, until the record, of `words` words so far, is long enough."""
    segments: list[Segment] = []
    wanted = voice.rng.randint(1, 2)
    while words < voice.budget and (words < voice.settings.min_words or wanted > 0):
        sentence = voice.tell(voice.rng.choice(facts), may_shorten=True)
        segments += [Segment(" " if segments else "\nNotes: "), sentence]
        words += sentence.words
        wanted -= 1
    return segments
