"""Keys that are terms of music: keys, chords, signatures, catalogue numbers, genres."""

import re
from collections.abc import Sequence

from mucpt_utils.musicsimpleqa.keys import Span
from mucpt_utils.musicsimpleqa.names import NameKey
from mucpt_utils.musicsimpleqa.rules import RULES, C
from mucpt_utils.musicsimpleqa.words import Reading, forms_of

SHARP = re.compile(r"\b([A-Ga-g])\s?[#♯]")
FLAT_SIGN = re.compile(r"\b([A-Ga-g])\s?♭")
FLAT_LETTER = re.compile(r"\b([A-G])b\b")
MINOR = re.compile(r"\b([A-G])((?:[- ]?(?:sharp|flat))?)[ -]?(?:m|min)\b\.?")


class TermKey(NameKey):
    """A term; others of the same shape are other answers, as `D minor` is to `C major`."""

    several = (
        *(*RULES.hedge, *RULES.slash, *RULES.list_joined),
        *(*RULES.list, *RULES.list_of_terms, *RULES.range),
    )

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, question: str):
        super().__init__(answer, aliases, kind, question)
        self.shape = next((shape for shape in RULES.shapes if shape.fullmatch(answer)), None)

    def prepared(self, text: str) -> str:
        return accidentals(text)

    def ways_to_write(self, name: str) -> list[list[str]]:
        """Singular and plural; a major key by its tonic; a catalogue number by its number."""
        ways = super().ways_to_write(name)
        if not ways:
            return []
        forms = ways[0]
        before, last = forms[:-1], forms[-1]
        if last == "major":
            self.whole.add("".join(before))
        if last == "minor":
            self.whole |= {"".join([*before, "m"]), "".join([*before, "min"])}
        if len(forms) == 2 and last.isdigit() and len(forms[0]) <= 3:
            self.whole.add(last)
        if len(last) > 3 and last.isalpha():
            ways.append([*before, last[:-1] if last.endswith("s") else last + "s"])
        return ways

    def in_longer_name(
        self, reading: Reading, first: int, last: int, look_before: bool = True
    ) -> bool:
        """Only genres have longer names that are others: `rock` and `punk rock`."""
        return self.genre and super().in_longer_name(reading, first, last, look_before)

    def others(self, reading: Reading, mentions: Sequence[Span]) -> list[Span]:
        """Terms of the key's shape outside its mentions that the question does not name."""
        if not self.shape:
            return []
        return [
            Span(*match.span(), C)
            for match in self.shape.finditer(reading.text)
            if any(form not in self.asked for form in forms_of(match[0]))
            and not any(match.start() < m.end and m.start < match.end() for m in mentions)
        ]


def accidentals(text: str) -> str:
    """Accidentals and chord signs in words: `C#m` gives `C-sharp minor`, `Eb` gives `E-flat`."""
    text = SHARP.sub(r"\1-sharp ", text)
    text = FLAT_LETTER.sub(r"\1-flat", FLAT_SIGN.sub(r"\1-flat ", text))
    text = re.sub(r" +(?=[\s,.;)–-]|$)", "", text)
    return MINOR.sub(r"\1\2 minor", text)
