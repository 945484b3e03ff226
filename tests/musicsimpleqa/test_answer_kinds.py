"""Words of a reply that cannot be the answer: names of another kind or part, words, other notes."""

import pytest
from signed_replies import GRADES, given

from mucpt_utils.musicsimpleqa.grader import replies
from mucpt_utils.musicsimpleqa.grader.no_names import is_known_person
from mucpt_utils.musicsimpleqa.grader.year_words import years_in_digits

QUESTIONS = {
    "winner": ("Which work won the 1951 Harp Prize?", "Tidal Songs", "title", "1951 Harp Prize"),
    "words": ("Who wrote the libretto of the opera Aida?", "Antonio Ghislanzoni", "person", "Aida"),
    "score": ("Who composed the score of the film Laura?", "David Raksin", "person", "Laura"),
    "solo": ("Who was the soloist in the premiere of Elegia?", "Yuri Bashmet", "person", "Elegia"),
    "desk": ("Who produced the album Rust?", "Elizabeth Fraser", "person", "Rust"),
    "act": ("Who recorded the song Dreamboat?", "Perfect", "group", "Dreamboat"),
    "single": ("Who recorded the song Dreamboat?", "Patsy Cline", "person", "Dreamboat"),
    "member": ("Which band is the singer Ann Lee best known for?", "Can", "group", "Ann Lee"),
    "pianist": (
        "Which band or group is the pianist Ed Ruiz best known for being in?",
        "Can",
        "group",
        "the pianist Ed Ruiz",
    ),
    "album": ("Which album won the 2016 Harp Award?", "25", "title", "2016 Harp Award"),
    "town": (
        "In which city was the opera Don Juan first performed?",
        "Munich",
        "place",
        "Don Juan",
    ),
    "birth": ("In which city was Clara Haskil born?", "Bucharest", "place", "Clara Haskil"),
    "country": ("Which country is the ganza, an instrument, from?", "Norway", "place", "ganza"),
    "born": ("In which year was Clara Haskil born?", "1895", "year", "Clara Haskil"),
    "year": ("In what year was the song Dreamboat released?", "1976", "year", "Dreamboat"),
    "slow": ("What is the key of the second movement of Elegia?", "E major", "term", "Elegia"),
    "sharps": (
        "How many sharps are in the key signature of D major?",
        "two sharps",
        "term",
        "D major",
    ),
    "port": ("In which city was Clara Haskil born?", "Trieste", "place", "Clara Haskil"),
    "origin": ("Which country is the tro, an instrument, from?", "Cambodia", "place", "tro"),
    "label": ("On which record label was Rust released?", "Ariola", "term", "Rust"),
    "fourth": ("What is the inversion of the perfect fifth?", "perfect fourth", "term", ""),
    "tritone": ("What is the inversion of the diminished fifth?", "augmented fourth", "term", ""),
    "syllable": ("Which syllable is sung on the second degree of the scale?", "re", "term", ""),
    "number": ("Which catalogue number does the Nelson Mass have?", "Hob. XXII:11", "term", ""),
    "drums": ("Who played drums on the album Ah Um?", "Dannie Richmond", "person", "Ah Um"),
    "letters": ("Which artist or band recorded Chill Out?", "The KLF", "group", "Chill Out"),
    "south": ("In which city was Clara Haskil born?", "New Orleans", "place", "Clara Haskil"),
    "east": ("In which city was Clara Haskil born?", "Budapest", "place", "Clara Haskil"),
}
CASES = {
    "who won, where a work is asked": [
        ("winner", "The 1951 prize was awarded to Carl Ott for Tidal Songs.", "+"),
        ("winner", "The 1951 prize was awarded to Carl Ott, who taught in Berne for years.", "0"),
        ("winner", "The 1951 prize was awarded to Carl Ott for Winter Songs.", "-"),
    ],
    "a work that won, whatever it is called": [
        ("winner", "Carl Ott won with Billy the Kid.", "-"),
        ("winner", "The work was Peter and the Wolf.", "-"),
        ("winner", "Carl Ott won with Tidal Songs.", "+"),
        ("winner", "Carl Ott won.", "0"),
    ],
    "what did not win": [
        ("winner", "Winter Songs (Tidal Songs was nominated but did not win).", "-"),
        ("winner", "Tidal Songs (Winter Songs was the favourite but didn't win)", "+"),
        ("winner", "Tidal Songs, which did not win a Grammy that year.", "+"),
    ],
    "the noun for what is asked": [
        ("label", "The label was Rephlex.", "-"),
        ("label", "Its record label is Ariola.", "+"),
        ("label", "Rephlex is the label that put it out.", "-"),
        ("origin", "The country in question is Laos.", "-"),
        ("label", "Rust is a fine record, and its producer was Rick Rubin.", "0"),
    ],
    "a person for a label": [
        ("label", "Rust is a 1983 album by a musician (Tom Jenkinson) from Essex.", "0"),
        ("label", "The label that released Rust was Tom Jenkinson Records.", "-"),
        ("label", "The label that released it was called Tom Jenkinson.", "-"),
    ],
    "a group that somebody belongs to": [
        ("score", "It was composed by a member of the group Les Six.", "0"),
        ("score", "One of the group Les Six, namely Darius Milhaud.", "-"),
        (
            "pianist",
            "Best known for playing with Carl Ott's band and the Moon Dogs.",
            "-",
        ),
        ("member", "best known for her work with Can and The Dubliners", "-"),
        ("member", "best known for her work in Can with Carl Ott and Anna Berg", "+"),
    ],
    "given names in other spellings": [
        ("drums", "Danny Richmond", "+"),
        ("drums", "The drummer was Danny Richmond.", "+"),
        ("drums", "Donny Richmond", "-"),
        ("desk", "Liz Frazer", "+"),
    ],
    "initials and what they stand for": [
        ("letters", "The Kopyright Liberation Front (KLF)", "+"),
        ("letters", "It was The KLF, the Kopyright Liberation Front.", "+"),
        ("letters", "Kraftwerk (KLF sampled it)", "-"),
    ],
    "born and raised": [
        ("birth", "She was born and raised in Berne.", "-"),
        ("birth", "She was born and raised in Bucharest.", "+"),
        ("birth", "She was born in Berne and raised in Bucharest.", "-"),
    ],
    "case endings that a language has": [
        ("east", "Budapesten", "+"),
        ("south", "New Orleansban", "+"),
        ("south", "u New Orleansu", "+"),
        ("south", "New Orleanson", "-"),
        ("south", "New Orleansin", "-"),
    ],
    "intervals by letters, and with the quality behind": [
        ("fourth", "P4", "+"),
        ("fourth", "fourth, perfect", "+"),
        ("fourth", "Fourth (perfect)", "+"),
        ("fourth", "A4", "-"),
        ("fourth", "fourth, augmented", "-"),
        ("tritone", "A4", "+"),
        ("tritone", "a fourth, an augmented one", "+"),
        ("tritone", "P4", "-"),
    ],
    "catalogue numbers with a Roman numeral": [
        ("number", "Hob. XXII/11", "+"),
        ("number", "Hob. XXII:12", "-"),
        ("number", "The Nelson Mass is officially titled Missa in angustiis.", "0"),
    ],
    "one of several movements": [
        ("slow", "I. Allegro - A minor\nII. Andante - E major\nIII. Largo - C major", "+"),
        ("slow", "I. Allegro - E major\nII. Andante - A minor\nIII. Largo - E major", "-"),
        ("slow", "1. Allegro (A minor)\n2. Andante (E major)\n3. Presto (A minor)", "+"),
        ("slow", "I. Allegro (A minor), II. Andante (E major), III. Largo (C major)", "+"),
        ("slow", "1st movement: A minor, 2nd movement: E major, 3rd movement: A minor", "+"),
        ("slow", "1st movement: E major, 2nd movement: A minor, 3rd movement: A minor", "-"),
        ("slow", "1. Elegia is in A minor.\n2. It has three parts.\n3. E major it is.", "+"),
    ],
    "one in bold type": [
        ("syllable", "do, **re**, mi, fa", "+"),
        ("syllable", "do, re, **mi**, fa", "-"),
        ("syllable", "do, re, mi, fa", "-"),
        ("slow", "A minor – **E major** – A minor", "+"),
        ("town", "**Odeon**, Munich, Germany", "+"),
    ],
    "when it came out elsewhere": [
        ("year", "On the album (December 1976); in the US it was a single in 1977.", "+"),
        ("year", "It was released in 1975; in the US it came out in 1976.", "-"),
        ("year", "1976, and 1977 in Europe", "+"),
        ("year", "It came out in Britain in 1976.", "+"),
    ],
    "a place in another language": [
        ("port", "Triest", "+"),
        ("port", "Elle est née à Turin.", "-"),
        ("origin", "Kambodscha", "+"),
        ("origin", "Kampuchea (Cambodia)", "+"),
        ("origin", "Thailandia", "-"),
    ],
    "a date in figures": [
        ("year", "1/30/76", "+"),
        ("year", "It came out on 30.1.76.", "+"),
        ("year", "1976-05", "+"),
        ("year", "1/30/75", "-"),
        ("year", "1975-11", "-"),
        ("year", "1976-79", "-"),
    ],
    "another part": [
        ("words", "Giuseppe Fancelli and Teresa Stolz sang the leading roles in Milan.", "0"),
        ("words", "The story comes from Auguste Mariette.", "0"),
        ("words", "Camille du Locle supplied the words.", "-"),
        ("score", "Otto Preminger directed it.", "0"),
        ("score", "The film's director, Otto Preminger, wrote the music.", "-"),
        ("score", "Gene Tierney plays the title role.", "0"),
        ("score", "Alfred Newman did; David Raksin scored Whirlpool.", "-"),
        ("solo", "Lukas Vis conducted the premiere in Amsterdam.", "0"),
        ("solo", "Kim Kashkashian, Yuri Bashmet in the audience.", "-"),
        ("desk", "With Joe Boyd at the desk.", "-"),
        ("single", "Willie Nelson wrote it.", "0"),
        ("single", "Loretta Lynn cut it, with Patsy Cline on harmonies.", "-"),
        ("label", "It was made in Munich with Anthony Monn.", "0"),
    ],
    "another way to tell who did it": [
        ("score", "David Raksin is the man behind it.", "+"),
        ("score", "David Raksin, a pupil of Schoenberg's, wrote it.", "+"),
        ("score", "Franz Waxman is responsible for it; David Raksin wrote Whirlpool.", "-"),
        ("score", "Preminger turned to a newcomer: David Raksin.", "+"),
    ],
    "spelling and rank": [
        ("desk", "Liz Frazer.", "+"),
        ("desk", "Dame Elizabeth.", "+"),
        ("score", "Typical Raksin, that tune.", "+"),
        ("solo", "Juri Baschmet", "+"),
    ],
    "ordinary words": [
        ("act", "Perfect question! It's Maanam.", "-"),
        ("act", "Perfect, from Warsaw.", "+"),
        ("member", "Can I ask which singer you mean?", "0"),
        ("member", "Can, the Cologne group.", "+"),
        ("album", "By a singer aged 25, it is called 21.", "-"),
        ("album", "The album 25.", "+"),
        ("single", "It was recorded by [Artist Name].", "0"),
    ],
    "places": [
        ("town", "Vienna, in May. Munich had to wait for it.", "-"),
        ("town", "It had to wait until Munich gave it in 1889.", "+"),
        ("town", "It was rehearsed but not performed in Munich; Vienna saw it.", "-"),
        ("town", "W Monachium.", "+"),
        ("birth", "Clara was born Klara Haskil, the daughter of a merchant.", "0"),
        ("birth", "A Bucharester by birth.", "+"),
        ("country", "One of the old Norwegian flutes.", "+"),
        ("country", "Ein norwegisches Instrument.", "+"),
        ("country", "The word is Norwegian for flute.", "0"),
        ("country", "The Danes made it first.", "-"),
    ],
    "years and keys": [
        ("born", "Clara Haskil (7 January 1895 – 7 December 1960) was a pianist.", "+"),
        ("born", "Clara Haskil (7 January 1896 – 7 December 1960) was a pianist.", "-"),
        ("year", "MCMLXXVI", "+"),
        ("year", "mil novecientos setenta y seis", "+"),
        ("year", "neunzehnhundertsiebenundsiebzig", "-"),
        ("slow", "The concerto as a whole is in D major.", "0"),
        ("slow", "The concerto is in D major, the slow movement in E major.", "+"),
        ("slow", "I. Allegro (D), II. Adagio (G), III. Rondo (D)", "-"),
        ("slow", "|Mvt|Key|\n|-|-|\n|I|D major|\n|II|E major|", "+"),
        ("sharps", "Two of them, all sharps.", "+"),
        ("sharps", "It has three.", "-"),
    ],
    "how sure": [
        ("score", "Raksin 90 %, Waxman 10 %", "+"),
        ("score", "60 % Waxman, 40 % Raksin", "-"),
        ("score", "If they had kept Raksin, you would be right; it was Waxman.", "-"),
        ("score", "Raksin? Sorry, let me correct that: the score is by Waxman.", "-"),
    ],
    "written otherwise": [
        ("score", "HOST: Who?\nANN: Waxman?\nHOST: No.\nBEN: Raksin!\nHOST: Yes.", "+"),
        ("score", "https://en.wikipedia.org/wiki/David_Raksin", "+"),
        ("score", "https://en.wikipedia.org/wiki/Franz_Waxman_(composer)", "-"),
    ],
}


@pytest.mark.parametrize("kind", CASES)
def test_what_is_given(kind):
    wrong = []
    for name, reply, sign in CASES[kind]:
        found = given(QUESTIONS, name, reply)
        if found.grade != GRADES[sign]:
            wrong.append((reply, found))
    assert not wrong, wrong


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("mille neuf cent quatre-vingt-trois", "1983"),
        ("nel millenovecentosessantuno", "nel 1961"),
        ("mil novecentos e sessenta e nove", "1969"),
        ("negentienhonderddrieëntachtig", "1983"),
        ("nittonhundraåttiotre", "1983"),
        ("zweitausendvier", "2004"),
        ("MMXIV", "2014"),
        ("MIX", "MIX"),
        ("mille lire", "mille lire"),
    ],
)
def test_years_in_digits(words, digits):
    assert years_in_digits(words) == digits


def test_lines_of_one_speaker_or_of_fields_keep_their_labels():
    assert replies.without_speakers("Bass: X\nDrums: Y") == "Bass: X\nDrums: Y"
    assert replies.without_speakers("A: X\nB: Y\nA: Z") == "X\nY\nZ"


def test_a_known_person_has_a_given_name():
    assert is_known_person("Carl Ott") and not is_known_person("Carl")
    assert not is_known_person("Carl Ott's Songs")
