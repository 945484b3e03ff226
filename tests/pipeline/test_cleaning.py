import pytest
from datatrove.data import Document
from made_up_texts import COOKIES, PROSE, SPAM

from mucpt_utils.config.pipeline import QualitySettings
from mucpt_utils.pipeline.cleaning import (
    CutCodes,
    is_record,
    readable,
    repair_line,
    share_in_sentences,
    steps,
    tracking_edits,
)
from mucpt_utils.pipeline.edits import edited_text, line_edits


class Sink:
    """Takes what filters reject."""

    def __init__(self):
        self.rejected, self.cuts = {}, []

    def write(self, document, rank=0):
        self.rejected[document.id] = document.metadata["filter_reason"]

    def write_cut(self, document, start, end, reason, triggers):
        self.cuts.append((document.id, start, reason, document.text[start:end]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def clean(texts, settings=None):
    sink, data = Sink(), [Document(text=t, id=str(i)) for i, t in enumerate(texts)]
    for step in steps(settings or QualitySettings()):
        if hasattr(step, "exclusion_writer"):
            step.exclusion_writer = sink
        data = step.run(data)
    return {d.id: d.text for d in data}, sink.rejected


def test_junk_lines_and_sentences_go_and_the_prose_stays():
    text = f"Home | News | Contact\n{PROSE} {SPAM}\n{COOKIES}\nYou are here: Home / Music / 123"
    kept, rejected = clean([text])
    assert kept == {"0": PROSE}
    assert not rejected


def test_documents_of_nothing_but_junk_go_with_their_kind():
    texts = [f"{SPAM}\n{SPAM} Call now!", f"{COOKIES}\nSkip to content\nAll rights reserved."]
    assert clean(texts) == ({}, {"0": "spam", "1": "boilerplate"})


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("See https://a.example/r?utm_source=x&utm_campaign=9f now", "See now"),
        ("Text sid=0123456789abcdef0123456789abcdef here", "Text here"),
        ("A session id 4484c0f1-d35f-2169-e6c5-e2756f0398b1 B", "A B"),
        ("A sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709 B", "A B"),
        ("A ref_=qYotz9P0gIhAgV1kWYSq7l&pd_rd_i=LuHkvhkc6xZL B", "A B"),
        ('A <img src="https://a.example/px.gif?u=9" width="1" height="1"> B', "A B"),
        ("A {{ad_slot_8_da6a2e5e}} B", "A B"),
        ("A {{ad|top}} B", "A B"),
        ("A {{ page.title | date }} B", "A B"),
        ("A ref=Ab3dE5fG7hJ9 B", "A B"),
        ("A v=4484c0f1-d35f-2169-e6c5-e2756f0398b1 B", "A B"),
        ("A dGhpcyBpcyBh/IHRlc3QgMTIzNDU2Nzg5 B", "A B"),
    ],
)
def test_tracking_codes_go(text, cleaned):
    assert edited_text(text, tracking_edits(text)) == cleaned


def test_every_code_that_is_cut_stands_in_the_rejected_pile_with_its_place():
    commit = "9fceb02d0ae598e95dc970b74767f19372d61af8"
    texts = [f"{PROSE} The commit {commit} fixed it.", f"{PROSE} It was sid={commit[:20]} then."]
    sink, step = Sink(), CutCodes()
    step.exclusion_writer = sink
    cleaned = list(step.run([Document(text=text, id=str(i)) for i, text in enumerate(texts)]))
    assert sink.cuts == [
        ("0", texts[0].index(f" {commit}"), "tracking code", f" {commit}"),
        ("1", texts[1].index(" sid="), "tracking code", f" sid={commit[:20]}"),
    ]
    for document, text, (_, start, _, cut) in zip(cleaned, texts, sink.cuts, strict=True):
        assert document.text[:start] + cut + document.text[start:] == text


@pytest.mark.parametrize(
    "text",
    [
        "https://musicbrainz.org/recording/b1a9c0e9-d987-4042-ae91-78d6a3267d69",
        "https://www.example.org/score?page=3&lang=en is the score",
        "ISRC GBAYE6900539, catalogue SHVL804, BWV1007, K331, op27no2",
        "x = 3, A4 = 440, and the token was lost; ref: see page 10",
        "Donaudampfschifffahrtsgesellschaftskapitaen",
        "The verse is built on Cmaj7-Am7-Dm7-G7-Cmaj7-A7 and goes on.",
        "The standard goes I-IV-V-I-ii-V7-I-vi7-ii7-V7 in the first eight bars.",
        "Cmaj7/Am7/Dm7/G7/Em7/A7 turns into Dm7b5-G7b9-Cm6-Fm7b5-Bb7-Ebmaj7.",
        "Note names: C4-D4-E4-F4-G4-A4-B4-c5",
        "Bach-1685/Handel-1685/Scarlatti-1685; Rondo-Allegro-in-Bb-major-K333-1783",
        "the mid-1960s/early-1970s/Motown sound of the Rock-and-Roll-Hall-of-Fame-1986 class",
        "See [score](Symphony_No_5_in_C_minor_Op_67), Quartets/String-Quartet-No-19/K465/1785",
        "librosa.load(path, sr=target_sampling_rate, n_fft=frames_per_second_2048)",
        "The tempo=andante-con-moto is kept. Set title=well-tempered-clavier in the header.",
        "Catalogue ref: ADD31392 in the British Library; ref #12345; where x = 2, CID: 25190.",
        "{{lang|de|Das Wohltemperirte Clavier}} by {{ill|Anna Bon|de}}, {{circa|1720}}",
    ],
)
def test_addresses_and_catalogue_numbers_stay(text):
    assert tracking_edits(text) == []


@pytest.mark.parametrize(
    "piece",
    ["<img ", "https://", "https://a.example/b?c=d", "session ", "x-", "0a", "sid=", "{{", "[ad "],
)
def test_long_lines_without_an_end_are_read_in_one_pass(piece):
    line = piece * (200_000 // len(piece))
    assert all(edit.end - edit.start <= len(line) for edit in tracking_edits(line))
    assert tracking_edits(f"{line} sid=0123456789abcdef") != []


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("DvoÅ™Ã¡k wrote it", "Dvořák wrote it"),
        ("itâ€™s loud", "it’s loud"),
        ("Sigur Rós – “Ágætis byrjun”", "Sigur Rós – “Ágætis byrjun”"),
        ("Rock &amp; Roll", "Rock & Roll"),
        ('ASCII stays "quoted" -- so', 'ASCII stays "quoted" -- so'),
    ],
)
def test_encoding_is_repaired_and_clean_text_left_alone(broken, whole):
    assert edited_text(broken, line_edits(broken, repair_line)) == whole


RECORD = "Title: Nevermind\nArtist: Nirvana\nYear: 1991\nLabel: DGC\nProducer: Butch Vig\nNo: 24425"


def test_records_and_repetitive_names_are_not_taken_for_bad_prose():
    name = "the Grammy Award for Record of the Year at the 2003 (45th) ceremony"
    repeated = f"A song won {name}. Norah Jones is credited with {name}. Lists name her for {name}."
    kept, rejected = clean([RECORD, repeated, PROSE])
    assert not rejected and len(kept) == 3
    assert is_record(RECORD) and not is_record(PROSE)


def test_repetition_foreign_and_tiny_documents_go():
    texts = [
        "play it again " * 60,
        "Nach dem ersten Satz folgt ein langsamer zweiter, danach ein Scherzo und ein Finale.",
        "Too short.",
        "12 13 14 15 16 17 18 19 20 21 22 23 24 25 the 26 27 to 28",
    ]
    kept, rejected = clean(texts)
    assert not kept
    assert rejected["1"] == "other language"
    assert rejected["2"] == "gopher_short_doc"
    assert set(rejected) == {"0", "1", "2", "3"}


def test_a_list_behind_paragraphs_and_repeated_marks_are_no_bad_prose():
    glossary = f"{PROSE}\n\n" + "\n\n".join(f"word number {i}" for i in range(12))
    parts = [
        "The trumpets begin the march of the second act.\nIt is heard from behind the stage.",
        "Then the chorus of the people of the town comes in.\nThey have been waiting for a king.",
        "To this the bass answers with a slow tune.\nThe cellos have played it before him.",
        "The scene ends with the oath.\nNobody is left on it when the curtain falls.",
    ]
    examples = "".join(f"{part}\n\n[Music]\n\n" for part in parts)
    kept, rejected = clean([glossary, examples])
    assert not rejected and set(kept) == {"0", "1"}


CAPITALS = (
    "OF HANDEL'S ORATORIOS THE MOST BELOVED IS MESSIAH, WHICH WAS FIRST HEARD IN DUBLIN AND THEN "
    "GIVEN IN LONDON."
)
WORKS = "\n".join(f"Symphony No. {n} in G minor, Op. {n + 20} ({1800 + n})" for n in range(1, 9))
TABLE = "\n".join(f"{1990 + n} | Grammy Award | Artist {n} | Album {n * 7}" for n in range(8))
VERSE = "\n".join(
    ("Soft falls snow,", "Silver bells go", "Ringing, winging,", "Angels singing", "Glory low.")
)
TITLES = (
    "Of Handel's Oratorios, Messiah; Of Haydn's, Creation; Mozart's Requiem; Brahms, Ein Deutsches "
    "Requiem."
)


@pytest.mark.parametrize("text", [CAPITALS, CAPITALS.title(), WORKS, TABLE, VERSE, TITLES])
def test_capitals_lists_tables_and_verse_are_not_dropped_for_want_of_function_words(text):
    assert clean([text]) == ({"0": text}, {})


def test_sentences_without_any_function_word_go():
    text = "blorp zanter quibble framish drondle pekkit wumble stroff glanter nimbish corvle trath."
    assert clean([text])[1] == {"0": "gopher_enough_stop_words"}


@pytest.mark.parametrize(
    "mark", ["[Illustration]", "[Music]", "* * * * *", "[Illustration: score]"]
)
def test_marks_between_paragraphs_are_no_repeated_lines(mark):
    parts = [
        "The trumpets begin the march of the second act.",
        "Then the chorus of the people of the town comes in.",
        "To this the bass answers with a slow tune.",
        "The scene ends with the oath.",
    ]
    text = f"\n\n{mark}\n\n".join([*parts, ""]).strip()
    assert clean([text]) == ({"0": text}, {})


SINGLE = [
    "The organ in the north aisle is older than the church itself.",
    "A harpsichord plucks its strings, while a piano strikes them with hammers.",
    "Nobody knows who carved the rose of this lute.",
    "When the choir sings, the bellows must be filled by two men.",
    "Trumpeters of that period learned their parts by ear.",
    "In Venice the orphans played behind an iron grille.",
]
LYRICS = ["Sing to me", "Sing of love", "Sing of home", "Sing of rain", "Sing of stars"]
LYRICS += ["of the sea", "and of me", "until I sleep"]


BLANKS = ["\n\n", "\n \n", "\n\t\n", "\n\n\n\n", "\n&nbsp;\n", "\n\u2003\n"]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("lines", [SINGLE, LYRICS], ids=["sentences", "lyrics"])
@pytest.mark.parametrize("end", ["", "\n" * 14])
def test_blank_lines_are_no_lines(lines, blank, end):
    kept, rejected = clean([blank.join(lines) + end])
    assert not rejected and kept["0"].split() == " ".join(lines).split()


NOTATIONS = [
    "F# C# G# D# A# E# B# are the sharps in the order in which they are added to the key "
    "signature, and C# major has all of them.",
    "In the key of C the ii-V-I is Dm7 G7 C, in F it is Gm7 C7 F, in Bb it is Cm7 F7 Bb, and in Eb "
    "it is Fm7 Bb7 Eb.",
    "The keys of the pieces are C, G, D, A, E, B, F#, C#, F, Bb, Eb, Ab, Db and Gb, in the order "
    "of the circle of fifths.",
    "Count it as 1 e & a 2 e & a 3 e & a 4 e & a, and tap the foot on 1, 2, 3, 4.",
    "Sing do re mi fa sol la ti do, and then do ti la sol fa mi re do to the beat of the drum.",
    "[Verse]\nC G Am F\nLet the river run\nC/E G7sus4 F#m7b5 Fmaj7\nto the open sea of my heart",
    "Bach, J. S., 12, 45, of Leipzig\nBach, C. P. E., 13, 46\nAbel, C. F., 7, 9, and the Bachs",
]


@pytest.mark.parametrize("text", NOTATIONS)
def test_notes_chords_and_figures_are_no_short_words(text):
    assert clean([text]) == ({"0": text}, {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("T h e o p e r a w a s a s u c c e s s i n t h e t o w n o f W a r s a w", "below_avg"),
        ("to be or we of it is as by an to ox he we it go up on us so by at no if of", "below_avg"),
        ("# the # of # and # that # have # with # be # to # the # opera # was # heard #", "hashes"),
    ],
)
def test_spaced_letters_and_marks_are_bad_prose_still(text, reason):
    (rejected,) = clean([text])[1].values()
    assert reason in rejected


def test_a_table_whose_lines_do_not_end_like_sentences_stays():
    names = ["Aubert", "Geminiani", "Alberti", "Benda, Franz", "Campagnoli", "Haack", "Krommer"]
    rows = [f"{name:<24}| Paris     17{n}4 | London    18{n}0 |" for n, name in enumerate(names)]
    table = "\n".join(["The violinists of the period and the places of birth and death.", *rows])
    assert clean([table]) == ({"0": table}, {})


def test_a_single_line_may_stand_between_blank_lines():
    assert clean([f"\n{PROSE}\n\n"]) == ({"0": f"\n{PROSE}\n\n"}, {})


def test_a_list_of_single_words_goes_however_its_lines_stand_apart():
    words = "apple bread cheese dates eggs figs grapes honey ice jam kale lemon mango nuts of the"
    for gap in ("\n", "\n\n", "\n \n"):
        assert clean([gap.join(words.split())]) == ({}, {"0": "list_ratio"})


def test_the_tokenizer_gets_no_endless_word():
    long = "(" * 1000
    assert max(map(len, readable(f"a {long} b\n").split())) == 40
    assert readable("a [b] c") == "a [b] c" and readable("[Music]\n") == "[Music]"


def test_words_in_sentences_are_counted():
    assert share_in_sentences(PROSE) == 1
    assert share_in_sentences("one two\nthree four. ") == 0
    assert share_in_sentences(f"{PROSE}\n" + "a b\n" * (len(PROSE.split()) // 2)) < 0.51
    assert share_in_sentences("") == 0


def test_everything_can_be_switched_off():
    off = QualitySettings(
        repair_encoding=False,
        remove_junk_lines=False,
        remove_tracking=False,
        other_languages=False,
        repetition=False,
    )
    text = f"{PROSE} {SPAM} Itâ€™s sid=0123456789abcdef0123456789abcdef over."
    assert clean([text], off) == ({"0": text}, {})
