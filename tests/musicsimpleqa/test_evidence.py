"""Evidence for the answers of a reply that names several: which one it gives."""

import pytest

from mucpt_utils.musicsimpleqa import evidence
from mucpt_utils.musicsimpleqa.grading import grade

QUESTIONS = {
    "bass": ('Who played bass on the album "Free Fall"?', "Steve Swallow", "person", "Free Fall"),
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
    "maker": ("Who composed Peter and the Wolf?", "Sergei Prokofiev", "person", ""),
}
GRADES = {"+": "correct", "-": "incorrect", "0": "not_attempted"}
CASES = {
    "a part beside each name": [
        ("bass", "Paul Bley on piano, Steve Swallow on bass, Jimmy Giuffre on clarinet", "+"),
        ("bass", "Paul Bley (bass), Steve Swallow (piano)", "-"),
        ("bass", "Piano: Paul Bley. Bass: Steve Swallow.", "+"),
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
    "other alphabets": [("maker", "Сергей Прокофьев", "+"), ("maker", "Игорь Стравинский", "-")],
}


@pytest.mark.parametrize("kind", CASES)
def test_the_answer_given(kind):
    for name, reply, sign in CASES[kind]:
        text, key, answer_type, subject = QUESTIONS[name]
        question = {"question": text, "answer": key, "answer_type": answer_type}
        given = grade(question | {"subject": subject}, reply)
        assert given.grade == GRADES[sign], (reply, given)


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
