"""Evidence for the answers of a reply that names several: which one it gives."""

import pytest
from signed_replies import GRADES, given

from mucpt_utils.musicsimpleqa.grader import evidence
from mucpt_utils.musicsimpleqa.grading import grade

QUESTIONS = {
    "bass": ('Who played bass on the album "Free Fall"?', "Steve Swallow", "person", "Free Fall"),
    "sax": ('Who played the saxophone on the song "Who?"', "Greg Ham", "person", "Who?"),
    "words": ("Who wrote the libretto of the opera Aida?", "Antonio Ghislanzoni", "person", "Aida"),
    "town": (
        "In which city was the opera Don Juan first performed?",
        "Weimar",
        "place",
        "Don Juan",
    ),
    "year": ("In what year was the song Dreamboat released?", "1976", "year", "Dreamboat"),
    "band": ("Which artist or band released the album Rust?", "Megadeth", "group", "Rust"),
    "album": ("On which album did the song Teen appear?", "Goo", "title", "Teen"),
    "interval": ("What is the inversion of the minor sixth?", "major third", "term", ""),
    "born": ("In which year was Clara Haskil born?", "1895", "year", "Clara Haskil"),
    "region": ("From which country or region does the gaita come?", "Galicia", "place", "gaita"),
    "winner": ("Who recorded the song that won in 1958?", "Domenico Modugno", "person", ""),
    "opus": ("What is the opus number of Finlandia?", "Op. 26", "term", "Finlandia"),
    "key": ("In which key is the concerto?", "E-flat minor", "term", ""),
    "group": ("Which group released the album Moving Waves?", "Focus", "group", "Moving Waves"),
    "family": ("Which family of instruments is the bassoon of?", "woodwind", "term", "bassoon"),
    "maker": ("Who composed Peter and the Wolf?", "Sergei Prokofiev", "person", ""),
}
CASES = {
    "a part beside each name": [
        ("bass", "Paul Bley on piano, Steve Swallow on bass, Jimmy Giuffre on clarinet", "+"),
        ("bass", "Paul Bley (bass), Steve Swallow (piano)", "-"),
        ("bass", "Piano: Paul Bley. Bass: Steve Swallow.", "+"),
        ("sax", "Colin Hay on guitar and vocals, Greg Ham on saxophone", "+"),
        ("sax", "Colin Hay (saxophone), Greg Ham (flute)", "-"),
        ("sax", "Greg Ham (tenor saxophone), Colin Hay (banjo)", "+"),
        ("sax", "Colin Hay (saxophone), Greg Ham (mandolin)", "-"),
        ("sax", "Greg Ham wrote the flute part, but the sax was played by Andy Mackay.", "-"),
        (
            "words",
            "Giuseppe Verdi composed the music and Antonio Ghislanzoni wrote the words.",
            "+",
        ),
        ("words", "Antonio Ghislanzoni composed the music and Arrigo Boito the words.", "-"),
    ],
    "second thoughts in other words": [
        ("band", "Metallica - oops, wrong band! Megadeth.", "+"),
        ("band", "Megadeth. Oops, I mixed them up; Anthrax released Rust.", "-"),
        ("band", "Megadeth, hmm. I'll change my answer to Anthrax.", "-"),
    ],
    "what was thought before goes no further": [
        ("band", "My first instinct was Metallica, but Rust is from 1990 and it's Megadeth.", "+"),
    ],
    "places around the asked one": [
        ("town", "Thuringia -> Weimar", "+"),
        ("town", "It was at the Hoftheater in Weimar.", "+"),
    ],
    "what is only planned or owned": [
        ("year", "The release, planned for 1976, came in 1977.", "-"),
        ("band", "The album proper is Megadeth's record, whatever Metallica's fans say.", "+"),
    ],
    "one sentence with two answers": [
        ("year", "The song was released in 1976. The song was released in 1969.", "-"),
    ],
    "refusals in other words and languages": [
        ("band", "That title doesn't ring a bell, I have no name for you.", "0"),
        ("band", "No lo sé, lo siento.", "0"),
        ("band", "I can't confirm it. If forced, I'd write down Anthrax.", "-"),
    ],
    "tables, options, pages of HTML and of encyclopedias": [
        (
            "interval",
            "| this | inverts to |\n|---|---|\n| major sixth | minor third |\n"
            "| minor sixth | major third |",
            "+",
        ),
        ("band", "A) Metallica\nB) Megadeth\nC) Anthrax\n\nThe answer is B.", "+"),
        ("band", "(a) Metallica\n(b) Megadeth\n\nI'd go with (a)", "-"),
        ("opus", "<p>Finlandia, <b>op.&nbsp;26</b></p>", "+"),
        ("region", "Its bag is made of the skin of a goat. See also\n- Bombarde\n- Biniou\n", "0"),
    ],
    "abbreviations": [
        ("interval", "M3", "+"),
        ("interval", "m3", "-"),
        ("interval", "maj. 3rd", "+"),
        ("born", "eighteen ninety-five", "+"),
        ("born", "nineteen-oh-five", "-"),
        ("key", "e-flat minor (though it ends in E-flat major)", "+"),
        ("key", "it is in E-flat maj.", "-"),
    ],
    "told of the subject, but not what is asked": [
        ("born", "Clara Haskil died in Brussels in 1960.", "0"),
        ("born", "Clara Haskil was a pianist, and her two pianos filled a whole room.", "0"),
        ("born", "In the nineties.", "-"),
        ("town", "Do you mean the one by Strauss? What would you like to know about it?", "0"),
        ("year", "Good question.", "0"),
        ("winner", 'The winning song was "Nel blu dipinto di blu".', "0"),
        ("band", "I HAVE NO IDEA WHO RELEASED THAT ONE.", "0"),
    ],
    "words and names": [
        ("group", "Let me focus on this. It was released by Camel.", "-"),
        ("group", "It was released by focus, I think.", "+"),
        ("maker", "S. A. Prokofiev", "+"),
        ("maker", "C'est l'oeuvre de Sergei Prokofiev.", "+"),
        ("band", "L'album est l'oeuvre d'Anthrax.", "-"),
        ("winner", "Modugno's Volare", "+"),
        ("family", "Il fagotto appartiene ai legni.", "+"),
        ("region", "northern Galicia", "+"),
        ("region", "Lower Saxony", "-"),
    ],
    "one of several": [
        ("opus", "Valse triste, Op. 44; Finlandia, Op. 26", "+"),
        ("opus", "Finlandia, Op. 27 (1899), Karelia, Op. 26 (1893)", "-"),
        ("maker", "Prokofiev, who sketched it; Shebalin and Lamm finished it.", "+"),
        ("bass", "They hired Steve Swallow, and Paul Bley argued with him.", "+"),
        ("town", "It is usually linked with Munich, but the first night was in Weimar.", "+"),
        ("band", "Megadeth - no, it is too early for Megadeth, so I'll say Anthrax.", "-"),
        (
            "interval",
            "In turn: minor second (1), major third (2). The one you want is the major third.",
            "+",
        ),
    ],
    "other alphabets": [("maker", "Сергей Прокофьев", "+"), ("maker", "Игорь Стравинский", "-")],
}


@pytest.mark.parametrize("kind", CASES)
def test_the_answer_given(kind):
    for name, reply, sign in CASES[kind]:
        found = given(QUESTIONS, name, reply)
        assert found.grade == GRADES[sign], (reply, found)


def test_parts_exclude_each_other_both_ways():
    for part, others in evidence.EXCLUSIVE.items():
        assert part not in others
        assert all(part in evidence.EXCLUSIVE[other] for other in others)


def test_every_weight_is_of_something_observed():
    question = {
        "question": QUESTIONS["bass"][0],
        "answer": "Steve Swallow",
        "answer_type": "person",
    }
    seen: set[str] = set()
    original = evidence.Evidence.observed

    def noted(self, clause, at):
        observed = original(self, clause, at)
        seen.update(observed)
        return observed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence.Evidence, "observed", noted)
        grade(question, "Paul Bley on piano, Steve Swallow on bass.")
    assert seen == set(evidence.WEIGHTS)
