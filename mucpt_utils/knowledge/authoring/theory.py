"""Facts of music theory, computed: keys, intervals, chords, pitches, note values.

Notes live on the line of fifths (... F C G D A E B F-sharp ...), where a note's position gives its
key signature and a letter with a number of semitones gives its spelling (Temperley, *The Cognition
of Basic Musical Structures*, 2001, chapter 5). Only names that are conventions are typed.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import NamedTuple

LETTERS = "CDEFGAB"
FIFTHS = "FCGDAEB"
NATURAL_SEMITONES = dict(zip(LETTERS, (0, 2, 4, 5, 7, 9, 11), strict=True))
ACCIDENTALS = {-1: ("-flat", "♭", "b"), 0: ("", "", ""), 1: ("-sharp", "♯", "#")}
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")

CONCERT_PITCH = 440.0  # A4, in hertz (ISO 16)
MIDI_A4 = 69

# simple intervals: (steps, semitones), as on the major scale and its alterations
INTERVALS = {
    "perfect unison": (0, 0),
    "minor second": (1, 1),
    "major second": (1, 2),
    "augmented second": (1, 3),
    "diminished third": (2, 2),
    "minor third": (2, 3),
    "major third": (2, 4),
    "diminished fourth": (3, 4),
    "perfect fourth": (3, 5),
    "augmented fourth": (3, 6),
    "diminished fifth": (4, 6),
    "perfect fifth": (4, 7),
    "augmented fifth": (4, 8),
    "minor sixth": (5, 8),
    "major sixth": (5, 9),
    "augmented sixth": (5, 10),
    "diminished seventh": (6, 9),
    "minor seventh": (6, 10),
    "major seventh": (6, 11),
    "perfect octave": (7, 12),
}
COMPOUND_NAMES = {8: "ninth", 9: "tenth", 10: "eleventh", 11: "twelfth", 12: "thirteenth"}

# chord quality -> intervals above the root; common chords are spelt on the tonic of every key
CHORDS = {
    "major triad": ("major third", "perfect fifth"),
    "minor triad": ("minor third", "perfect fifth"),
    "diminished triad": ("minor third", "diminished fifth"),
    "augmented triad": ("major third", "augmented fifth"),
    "dominant seventh chord": ("major third", "perfect fifth", "minor seventh"),
    "major seventh chord": ("major third", "perfect fifth", "major seventh"),
    "minor seventh chord": ("minor third", "perfect fifth", "minor seventh"),
    "half-diminished seventh chord": ("minor third", "diminished fifth", "minor seventh"),
    "diminished seventh chord": ("minor third", "diminished fifth", "diminished seventh"),
}
COMMON_CHORDS = ("major triad", "minor triad")

DEGREES = ("tonic", "supertonic", "mediant", "subdominant", "dominant", "submediant")
LEADING_TONE = ("leading tone", "leading note")
SYLLABLES = (
    ("do", "doh"),
    ("re", "ray"),
    ("mi", "me"),
    ("fa", "fah"),
    ("sol", "so", "soh"),
    ("la", "lah"),
    ("ti", "te"),
)
MODES = ("Ionian", "Dorian", "Phrygian", "Lydian", "Mixolydian", "Aeolian", "Locrian")
# American name -> (length in whole notes, British name)
NOTE_VALUES = {
    "double whole note": (Fraction(2), "breve"),
    "whole note": (Fraction(1), "semibreve"),
    "half note": (Fraction(1, 2), "minim"),
    "quarter note": (Fraction(1, 4), "crotchet"),
    "eighth note": (Fraction(1, 8), "quaver"),
    "sixteenth note": (Fraction(1, 16), "semiquaver"),
    "thirty-second note": (Fraction(1, 32), "demisemiquaver"),
    "sixty-fourth note": (Fraction(1, 64), "hemidemisemiquaver"),
}
COMMON_VALUES = ("whole note", "half note", "quarter note", "eighth note", "sixteenth note")
DOTS = {"": 0, "dotted ": 1, "double-dotted ": 2}

MOST_ACCIDENTALS = 7  # that a usual key signature has

WIKIPEDIA = "https://en.wikipedia.org/wiki/"
REFERENCES = {
    "signature": "Key_signature",
    "relative_key": "Relative_key",
    "dominant_key": "Circle_of_fifths",
    "subdominant_key": "Circle_of_fifths",
    "semitones": "Interval_(music)",
    "inversion": "Inversion_(music)",
    "notes": "Chord_(music)",
    "frequency": "Scientific_pitch_notation",
    "midi_number": "Scientific_pitch_notation",
    "enharmonic": "Enharmonic_equivalence",
    "degree_name": "Degree_(music)",
    "solfege": "Solfège",
    "mode_degree": "Mode_(music)",
    "british_name": "Note_value",
    "duration": "Note_value",
}


class Note(NamedTuple):
    """A pitch class as spelt: a letter A to G and its alteration in semitones (-1 = flat)."""

    letter: str
    alteration: int = 0

    def name(self, style: int = 0) -> str:
        """`E-flat` (style 0), `E♭` (1) or `Eb` (2); KeyError for a double accidental."""
        return self.letter + ACCIDENTALS[self.alteration][style]

    @property
    def pitch_class(self) -> int:
        """Semitones above C, 0 to 11."""
        return (NATURAL_SEMITONES[self.letter] + self.alteration) % 12

    @property
    def fifths(self) -> int:
        """Position on the line of fifths, C = 0: the sharps (or -flats) of its major key."""
        return FIFTHS.index(self.letter) - 1 + 7 * self.alteration


class TheoryRow(NamedTuple):
    """One computed fact: `relation` without its category; aliases of object and of subject."""

    subject: str
    relation: str
    object: str
    aliases: tuple[str, ...]
    popular: bool
    subject_aliases: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """A page where the fact can be looked up."""
        return WIKIPEDIA + REFERENCES[self.relation]


def note_on_fifths(fifths: int) -> Note:
    """The note at a position on the line of fifths (C = 0, G = 1, F = -1)."""
    alteration, index = divmod(fifths + 1, 7)
    return Note(FIFTHS[index], alteration)


def transpose(note: Note, steps: int, semitones: int) -> Note:
    """The note `steps` letters and `semitones` above `note`, spelt accordingly."""
    letter = LETTERS[(LETTERS.index(note.letter) + steps) % 7]
    distance = note.pitch_class + semitones - NATURAL_SEMITONES[letter]
    return Note(letter, (distance + 6) % 12 - 6)


def chord_notes(root: Note, quality: str) -> tuple[Note, ...]:
    """The notes of a chord of CHORDS from its root up; KeyError for an unknown quality."""
    return (root, *(transpose(root, *INTERVALS[name]) for name in CHORDS[quality]))


def signature(fifths: int) -> str:
    """The signature of the major key `fifths` fifths above C, in words: -3 gives three flats."""
    if fifths == 0:
        return "no sharps or flats"
    kind = "sharp" if fifths > 0 else "flat"
    return f"{COUNTS[abs(fifths)]} {kind}{'s' if abs(fifths) > 1 else ''}"


def frequency(midi: int) -> float:
    """Hertz of a MIDI note in twelve-tone equal temperament: 440 * 2**((m - 69) / 12)."""
    return CONCERT_PITCH * 2 ** ((midi - MIDI_A4) / 12)


def midi_number(note: Note, octave: int) -> int:
    """MIDI note number in scientific pitch notation (C4 = 60); C-flat 4 is 59, B-sharp 4 is 72."""
    return 12 * (octave + 1) + NATURAL_SEMITONES[note.letter] + note.alteration


def inversion(name: str) -> str:
    """The simple interval that makes an octave with `name`; KeyError where none is listed."""
    steps, semitones = INTERVALS[name]
    by_size = {size: other for other, size in INTERVALS.items()}
    return by_size[7 - steps, 12 - semitones]


def duration(value: str, dots: int = 0) -> Fraction:
    """Length of a note value of NOTE_VALUES in quarter notes; n dots add 1 - 2**-n of it."""
    return NOTE_VALUES[value][0] * 4 * (2 - Fraction(1, 2**dots))


def spelt_notes() -> tuple[Note, ...]:
    """The 21 notes with at most one accidental, from F-flat to B-sharp on the line of fifths."""
    return tuple(note_on_fifths(fifths) for fifths in range(-8, 13))


def theory_rows() -> list[TheoryRow]:
    """Every computed fact, in a fixed order; (subject, relation) is unique."""
    makers = (keys, intervals, chords, pitches, enharmonics, degrees, note_values)
    return [row for make in makers for row in make()]


def key_names(tonic: Note, mode: str) -> tuple[str, tuple[str, ...]]:
    """A key's name and, if the tonic has an accidental, its other spellings."""
    name, *others = (f"{tonic.name(style)} {mode}" for style in range(3))
    return name, tuple(other for other in others if other != name)


def tonics(minor: bool = False) -> tuple[Note, ...]:
    """The tonics of the fifteen keys of a mode, from seven flats to seven sharps."""
    shift = 3 if minor else 0
    return tuple(note_on_fifths(fifths + shift) for fifths in range(-MOST_ACCIDENTALS, 8))


def keys() -> Iterator[TheoryRow]:
    """Signature and relative key of the thirty keys; the major keys a fifth above and below."""
    for mode, other_mode, shift in (("major", "minor", 3), ("minor", "major", -3)):
        for fifths, tonic in enumerate(tonics(minor=mode == "minor"), start=-MOST_ACCIDENTALS):
            subject, also = key_names(tonic, mode)
            popular = abs(fifths) <= 3
            text = signature(fifths)
            in_digits = text.replace(COUNTS[abs(fifths)], str(abs(fifths)), 1)
            aliases = (in_digits,) if fifths else ("no accidentals", "none")
            yield TheoryRow(subject, "signature", text, aliases, popular, also)
            relative = key_names(note_on_fifths(tonic.fifths + shift), other_mode)
            yield TheoryRow(subject, "relative_key", *relative, popular, also)
            if mode == "minor":
                continue
            for relation, neighbour in (
                ("dominant_key", fifths + 1),
                ("subdominant_key", fifths - 1),
            ):
                if abs(neighbour) <= MOST_ACCIDENTALS:  # keys beyond have no usual signature
                    names = key_names(note_on_fifths(neighbour), "major")
                    yield TheoryRow(subject, relation, *names, popular, also)


def intervals() -> Iterator[TheoryRow]:
    """Sizes and inversions of the simple intervals, sizes of the compound ones."""
    for name, (_, semitones) in INTERVALS.items():
        popular = name.startswith(("perfect", "major", "minor"))
        yield interval_size(name, semitones, popular)
        try:
            yield TheoryRow(f"the {name}", "inversion", inversion(name), (), popular)
        except KeyError:
            continue
    for steps, ordinal in COMPOUND_NAMES.items():
        for name, (simple_steps, semitones) in INTERVALS.items():
            quality = name.split()[0]
            if simple_steps == steps - 7 and quality in ("perfect", "major", "minor"):
                yield interval_size(f"{quality} {ordinal}", semitones + 12, False)


def interval_size(name: str, semitones: int, popular: bool) -> TheoryRow:
    """The fact of how many semitones an interval has."""
    unit = "semitone" if semitones == 1 else "semitones"
    aliases = (f"{semitones} {unit}",)
    return TheoryRow(f"the {name}", "semitones", str(semitones), aliases, popular)


def chords() -> Iterator[TheoryRow]:
    """The notes of each chord: the common ones on every tonic, the others on the naturals."""
    naturals = tuple(Note(letter) for letter in LETTERS)
    for quality in CHORDS:
        roots = tonics(minor=quality.startswith("minor")) if quality in COMMON_CHORDS else naturals
        for root in roots:
            notes = chord_notes(root, quality)
            # chords that need a double accidental are left to their enharmonic twins
            if any(note.alteration not in ACCIDENTALS for note in notes):
                continue
            written, signs, plain = ([note.name(style) for note in notes] for style in range(3))
            text = f"{', '.join(written[:-1])} and {written[-1]}"
            joined = (", ".join(written), ", ".join(signs), ", ".join(plain), "-".join(plain))
            aliases = tuple(dict.fromkeys(joined))
            popular = root.alteration == 0 and quality in COMMON_CHORDS
            also = tuple(f"{root.name(style)} {quality}" for style in (1, 2) if root.alteration)
            subject = f"the {root.name()} {quality}"
            yield TheoryRow(subject, "notes", text, aliases, popular, also)


def pitches() -> Iterator[TheoryRow]:
    """Frequency and MIDI number of the chromatic notes of three octaves."""
    chromatic = [note_on_fifths(fifths) for fifths in range(-1, 11)]
    chromatic.sort(key=lambda note: note.pitch_class)
    for octave, note in product((3, 4, 5), chromatic):
        space = " " if note.alteration else ""
        subject = f"the pitch {note.name()}{space}{octave}"
        popular = octave == 4 and not note.alteration
        also = tuple(f"{note.name(style)}{octave}" for style in (1, 2) if note.alteration)
        midi = midi_number(note, octave)
        # questions about the other frequencies give that of A4
        if midi != MIDI_A4:
            hertz = frequency(midi)
            number = f"{hertz:.2f}".removesuffix(".00")
            forms = (number, f"{hertz:.1f} Hz", f"{hertz:.2f} Hz")
            aliases = tuple(form for form in forms if form != f"{number} Hz")
            yield TheoryRow(subject, "frequency", f"{number} Hz", aliases, popular, also)
        yield TheoryRow(subject, "midi_number", str(midi), (), popular, also)


def enharmonics() -> Iterator[TheoryRow]:
    """The other name of each note with an accidental."""
    notes = spelt_notes()
    for note in notes:
        twins = [n for n in notes if n.pitch_class == note.pitch_class and n != note]
        # a natural has more than one name beside it once double accidentals are allowed
        if note.alteration and twins:
            also = (note.name(1), note.name(2))
            aliases = tuple(twins[0].name(style) for style in (1, 2) if twins[0].alteration)
            popular = twins[0].alteration != 0
            subject = f"the note {note.name()}"
            yield TheoryRow(subject, "enharmonic", twins[0].name(), aliases, popular, also)


def degrees() -> Iterator[TheoryRow]:
    """Names and syllables of the degrees of the major scale; the degree each mode begins on."""
    names = [*((name,) for name in DEGREES), LEADING_TONE]
    for ordinal, (name, *also), (syllable, *spellings) in zip(
        ORDINALS, names, SYLLABLES, strict=True
    ):
        subject = f"the {ordinal} degree of the major scale"
        yield TheoryRow(subject, "degree_name", name, tuple(also), True)
        # the first syllable and the first mode give themselves away: "movable do", "first note"
        if ordinal != "first":
            yield TheoryRow(subject, "solfege", syllable, tuple(spellings), True)
    for number, (ordinal, mode) in enumerate(zip(ORDINALS, MODES, strict=True), start=1):
        if ordinal != "first":
            suffix = {2: "nd", 3: "rd"}.get(number, "th")
            aliases = (f"{number}{suffix}",)
            yield TheoryRow(f"the {mode} mode", "mode_degree", ordinal, aliases, False)


def note_values() -> Iterator[TheoryRow]:
    """British names of the note values, and their lengths in quarter notes, dotted or not."""
    for value, (_, british) in NOTE_VALUES.items():
        yield TheoryRow(f"the {value}", "british_name", british, (), value in COMMON_VALUES)
    for (prefix, dots), value in product(DOTS.items(), NOTE_VALUES):
        length, popular = duration(value, dots), not dots and value in COMMON_VALUES
        # a quarter note is the unit itself, and longer fractions are exercises, not knowledge
        if length != 1 and length.denominator <= 8:
            aliases = () if length.denominator == 1 else (f"{float(length):g}",)
            yield TheoryRow(f"the {prefix}{value}", "duration", str(length), aliases, popular)
