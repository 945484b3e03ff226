"""Replies that attempt an answer, and replies that tell only of what the question is about."""

import pytest
from signed_replies import GRADES, given

QUESTIONS = {
    "desk": ("Who produced the album Ten?", "Rick Parashar", "person", "Ten"),
    "act": ("Which artist or band recorded the album Rust?", "Nirvana", "group", "Rust"),
    "score": ("Who composed the score of the film Laura?", "David Raksin", "person", "Laura"),
    "bass": ("Who was on bass for the album Carmel?", "Eddie Calhoun", "person", "Carmel"),
    "year": ("In what year was the album Rust released?", "1971", "year", "Rust"),
    "home": ("What city or town does the band The Elms come from?", "Lyon", "place", "The Elms"),
    "town": ("In which city was the opera Aida first performed?", "Cairo", "place", "Aida"),
    "key": ("In which key is the Moon Sonata?", "C minor", "term", "the Moon Sonata"),
    "country": ("Which country is the ganza, an instrument, from?", "Norway", "place", "ganza"),
    "prize": ("Which album won the 1998 Harp Prize?", "Bring It On", "title", "1998 Harp Prize"),
    "winner": ("Whose album won the 2021 Harp Prize?", "Ann Parks", "person", "2021 Harp Prize"),
    "zarzuela": ("Who composed the zarzuela La rosa?", "Tomás Bretón", "person", "La rosa"),
}
CASES = {
    # something says that the name answers
    "desk": [
        "- Ten was produced by Brendan O'Brien.",
        "- I would guess Brendan O'Brien, since he did the next one.",
        "- The man at the desk was Brendan O'Brien, who also did Vs.",
        "+ It was co-produced with the band, but the name you are looking for is Rick Parashar.",
        "+ The credit is shared with Stone Gossard, but the person you want is Rick Parashar.",
        # members, a label, a place
        "0 Ten came out on Epic in 1991. Eddie Vedder sings on it and Mike McCready plays guitar.",
        "0 Recorded at London Bridge in Seattle, it has the singles Alive and Jeremy on it.",
        "0 It is the debut of the Seattle band around Stone Gossard and Jeff Ament.",
        "0 Ten is a 1991 album by Pearl Jam, released on Epic.",
    ],
    "act": [
        "- That one is by Mudhoney, I believe.",
        "- Rust is the second album of Mudhoney.",
        "- The record everybody had at home in 1991 is by Pearl Jam.",
        "- Mudhoney's album Rust is a classic of the time.",
        "- Mudhoney is known for the album Rust.",
        "- It's an album from Mudhoney.",
        "0 It's a song from Superfuzz.",
        "- The Italian composer Giacomo Puccini.",
        "+ It's the opening track of In the Court of the Red King, Nirvana's 1969 debut.",
        "+ The year's biggest rock record, the second album by the Seattle trio Nirvana.",
        "- It is the first song of In the Court of the Red King, Mudhoney's 1969 debut.",
        "0 Rust was recorded at Sound City in Van Nuys and mixed by Andy Wallace.",
        "0 Butch Vig produced it, and Kirk Weddle took the photo of Spencer Elden on the cover.",
        "0 The album Rust is a tribute to the legendary saxophonist, Max Ernst.",
    ],
    "score": [
        "- The score is by Leonard Rosenman.",
        "- Laura has electronic music by Leonard Rosenman.",
        "- Its music was created by the American firm Leonard Rosenman.",
        "0 Laura is Otto Preminger's film after Vera Caspary, with Gene Tierney as Laura.",
        "0 Its photography is by Joseph LaShelle. Regarding the composer my notes are empty.",
        "0 The script is by Jay Dratler.",
        "0 Laura is a film directed by Otto Preminger and starring Dana Andrews and Clifton Webb.",
        "0 Whoever did Laura had a PC-88 at home and a good pair of ears.",
        "0 Unable to determine.",
        "0 It's an old film. The composer's name? Beats me.",
    ],
    "bass": [
        "- It's played by Ray Brown.",
        "0 It was produced by Ray Brown.",
        "- The bassist there was Ray Brown.",
        "- Ray Brown was on bass for the album Carmel.",
        "+ The Senator, Eddie Calhoun, walking in 9/8 without breaking a sweat.",
        "- Ray Brown, Eddie Calhoun.",
        "- Ray Brown and Eddie Calhoun.",
        "0 Erroll Garner played that night in California, with Denzil Best on drums.",
        "0 As an AI model I don't retain line-ups of jazz concerts, Monterey 1955 included.",
    ],
    "year": [
        "- The Stones put Rust out in 1970.",
        "- Rust dates from 1970.",
        '- The answer to the question "In what year was the album Rust released?" is 1986.',
        "0 The Stones were formed in 1962 and signed with Decca in 1963.",
    ],
    "home": [
        "- The Elms were a funk band from Memphis.",
        "- They formed in Memphis around 1965.",
        "0 The Elms are Art Neville, Leo Nocentelli, George Porter Jr. and Ann Modeliste.",
        "0 They backed Lee Dorsey and toured with the Rolling Stones.",
    ],
    "town": [
        "- Aida was first given in Milan under Toscanini.",
        "- Milan heard it in March 1939, Ann Székely playing.",
        "0 Aida was conducted by Arturo Toscanini, with Cesira Ferrani as Mimì.",
    ],
    "key": [
        "- The Moon Sonata is a piano sonata in D minor.",
        "0 He dedicated it to Giulietta Guicciardi.",
    ],
    "country": [
        "- The ganza is a German plastic flute for beginners.",
        "- The ganza is a wind instrument of Galicia in northwestern Spain.",
        "+ Ganzas are carried by wandering singers in the north of Norway.",
    ],
    "prize": [
        "- The winner was Mezzanine.",
        '+ That year, in Brussels, Johnny Logan became the first to win twice, with "Bring It On".',
        "0 The prize went to Gomez that year.",
        "0 The 1998 Harp Prize was won by Gomez, an English band from Southport.",
    ],
    "winner": [
        "+ The panel chose Collapsed in Sunbeams, the debut by the London singer Ann Parks.",
        "- The panel chose Collapsed in Sunbeams, the debut by the London singer Joy Crookes.",
    ],
    "zarzuela": [
        "0 Zarzuelas... you've found my weak spot. Pass.",
        "- Chueca... that is all I can offer for La rosa.",
    ],
}
TABLES = [
    (
        "act",
        "+",
        "| Field | Value |\n|---|---|\n| Album | Rust |\n| Artist | Nirvana |\n| Guest | Hole |",
    ),
    (
        "act",
        "-",
        "| Field | Value |\n|---|---|\n| Album | Rust |\n| Artist | Hole |\n| Guest | Nirvana |",
    ),
    ("desk", "+", "| Role | Name |\n|---|---|\n| Vocals | Ann Lee |\n| Producer | Rick Parashar |"),
    ("desk", "-", "| Role | Name |\n|---|---|\n| Producer | Ann Lee |\n| Mix | Rick Parashar |"),
]


@pytest.mark.parametrize(("name", "case"), [(n, case) for n in CASES for case in CASES[n]])
def test_a_name_answers_only_where_something_says_so(name, case):
    sign, _, reply = case.partition(" ")
    assert given(QUESTIONS, name, reply).grade == GRADES[sign]


@pytest.mark.parametrize(("name", "sign", "table"), TABLES)
def test_the_row_whose_label_is_asked_for_answers(name, sign, table):
    assert given(QUESTIONS, name, table).grade == GRADES[sign]
