"""Computed music theory against textbook answers."""

from fractions import Fraction

import pytest

from mucpt_utils.knowledge.authoring import theory
from mucpt_utils.knowledge.authoring.tables import theory_facts
from mucpt_utils.knowledge.authoring.theory import Note, theory_rows

ROWS = {(row.subject, row.relation): row for row in theory_rows()}


@pytest.mark.parametrize(
    ("key", "signature", "relative"),
    [
        ("C major", "no sharps or flats", "A minor"),
        ("A minor", "no sharps or flats", "C major"),
        ("G major", "one sharp", "E minor"),
        ("D minor", "one flat", "F major"),
        ("E-flat major", "three flats", "C minor"),
        ("F-sharp minor", "three sharps", "A major"),
        ("C-flat major", "seven flats", "A-flat minor"),
        ("A-sharp minor", "seven sharps", "C-sharp major"),
    ],
)
def test_key_signatures_and_relatives(key, signature, relative):
    assert ROWS[key, "signature"].object == signature
    assert ROWS[key, "relative_key"].object == relative


def test_every_signature_agrees_with_its_scale():
    """A second way to the same number: count the accidentals of the scale built step by step."""
    steps = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
    for (subject, relation), row in ROWS.items():
        if relation != "signature":
            continue
        tonic, mode = subject.split()
        note = next(n for n in theory.spelt_notes() if n.name() == tonic)
        scale = [theory.transpose(note, i, size) for i, size in enumerate(steps[mode])]
        altered = [n.alteration for n in scale if n.alteration]
        assert row.object == theory.signature(sum(altered)), subject
        assert len(altered) == abs(sum(altered))


def test_relative_keys_are_mutual():
    for (subject, relation), row in ROWS.items():
        if relation == "relative_key":
            back = ROWS[row.object, "relative_key"]
            assert back.object == subject


def test_neighbour_keys():
    assert ROWS["E-flat major", "dominant_key"].object == "B-flat major"
    assert ROWS["E-flat major", "subdominant_key"].object == "A-flat major"
    assert ("C-sharp major", "dominant_key") not in ROWS


@pytest.mark.parametrize(
    ("interval", "semitones"),
    [
        ("perfect fifth", "7"),
        ("augmented fourth", "6"),
        ("major tenth", "16"),
        ("minor ninth", "13"),
    ],
)
def test_intervals(interval, semitones):
    assert ROWS[f"the {interval}", "semitones"].object == semitones


@pytest.mark.parametrize(
    ("interval", "inverted"),
    [
        ("minor third", "major sixth"),
        ("augmented fourth", "diminished fifth"),
        ("perfect unison", "perfect octave"),
        ("diminished seventh", "augmented second"),
    ],
)
def test_inversions_complete_the_octave(interval, inverted):
    assert ROWS[f"the {interval}", "inversion"].object == inverted
    assert ROWS[f"the {inverted}", "inversion"].object == interval


@pytest.mark.parametrize(
    ("chord", "notes"),
    [
        ("C major triad", "C, E and G"),
        ("A-flat minor triad", "A-flat, C-flat and E-flat"),
        ("E augmented triad", "E, G-sharp and B-sharp"),
        ("G dominant seventh chord", "G, B, D and F"),
        ("B half-diminished seventh chord", "B, D, F and A"),
        ("B diminished seventh chord", "B, D, F and A-flat"),
    ],
)
def test_chords(chord, notes):
    assert ROWS[f"the {chord}", "notes"].object == notes


def test_chords_with_double_accidentals_are_left_out():
    assert ("the C diminished seventh chord", "notes") not in ROWS
    assert ("the B augmented triad", "notes") not in ROWS


@pytest.mark.parametrize(
    ("pitch", "hertz", "midi"),
    [("C4", "261.63 Hz", "60"), ("A3", "220 Hz", "57"), ("G-sharp 4", "415.30 Hz", "68")],
)
def test_pitches(pitch, hertz, midi):
    assert ROWS[f"the pitch {pitch}", "frequency"].object == hertz
    assert ROWS[f"the pitch {pitch}", "midi_number"].object == midi


def test_rounded_alias_is_rounded_once():
    # 523.2511 Hz: rounding the rounded 523.25 again would give 523.2
    assert "523.3 Hz" in ROWS["the pitch C5", "frequency"].aliases


def test_the_concert_pitch_is_not_asked():
    assert ("the pitch A4", "frequency") not in ROWS
    assert ROWS["the pitch A4", "midi_number"].object == "69"


def test_octave_number_follows_the_letter():
    assert theory.midi_number(Note("C", -1), 4) == 59
    assert theory.midi_number(Note("B", 1), 4) == 72


def test_enharmonics():
    assert ROWS["the note C-sharp", "enharmonic"].object == "D-flat"
    assert ROWS["the note E-sharp", "enharmonic"].object == "F"
    assert ("the note C", "enharmonic") not in ROWS


def test_modes_start_on_the_degree_whose_scale_they_are():
    dorian = (0, 2, 3, 5, 7, 9, 10)
    major = (0, 2, 4, 5, 7, 9, 11)
    rotated = tuple((major[(i + 1) % 7] - major[1]) % 12 for i in range(7))
    assert rotated == dorian
    assert ROWS["the Dorian mode", "mode_degree"].object == "second"


def test_note_values():
    assert theory.duration("half note", 1) == 3
    assert theory.duration("quarter note", 2) == Fraction(7, 4)
    assert ROWS["the eighth note", "british_name"].object == "quaver"


def test_rows_are_unique_and_have_one_popularity_a_subject():
    rows = theory_rows()
    assert len(ROWS) == len(rows)
    assert len(dict.fromkeys((r.subject, r.popular) for r in rows)) == len(
        {r.subject for r in rows}
    )
    assert len({row.subject for row in rows}) >= 150


def test_aliases_differ_from_their_object():
    for row in theory_rows():
        assert row.object not in row.aliases
        assert len(set(row.aliases)) == len(row.aliases)


def test_facts_carry_reference_and_relation():
    fact = next(f for f in theory_facts() if f.subject == "E-flat major")
    assert fact.id == "m:theory.signature:e-flat-major"
    assert fact.reference == "https://en.wikipedia.org/wiki/Key_signature"
    assert fact.domain == "music" and fact.popularity == "popular"


def test_unknown_names_raise():
    with pytest.raises(KeyError):
        theory.chord_notes(Note("C"), "sweet chord")
    with pytest.raises(KeyError):
        Note("C", 2).name()
