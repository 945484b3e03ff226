"""What the grader knows of language: grading_rules.yaml, compiled."""

import re
from collections.abc import Sequence
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.io import read_yaml

# marks of the key and of other answers: private code points, never part of a response
K, C = "\ue000", "\ue001"


class Rules:
    """The rules file: each entry under its own name, patterns compiled with K and C filled in."""

    def __init__(self, path: Path):
        data = read_yaml(path)
        # words
        self.kind_words = frozenset(data["kind_words"].split())
        self.function_words = frozenset(data["function_words"].split())
        self.honorifics = frozenset(data["honorifics"])
        self.suffixes: dict[str, str] = data["suffixes"]
        self.shared_family_names = frozenset(data["shared_family_names"])
        self.common_words = frozenset(data["common_words"])
        self.interjections = frozenset(data["interjections"])
        self.place_prefixes = frozenset(data["place_prefixes"])
        self.nationality = re.compile(data["nationality"])
        # no attempt, second thoughts
        lead_ins = "|".join(data["lead_ins"])
        self.lead_in = self.one(rf"(?:\W*(?:{lead_ins})\s+(?=\S))+")
        self.refusal_whole = self.one("|".join(data["refusal_whole"]))
        self.refusal = self.one(f"(?:{'|'.join(data['refusal'])})(?:{data['indirect_question']})?")
        self.guess = self.one(data["guess"])
        self.undecided = self.one(data["undecided"])
        self.correction = self.one(data["correction"])
        self.final_answer = self.one(data["final_answer"])
        # what is said about an answer
        self.discounted = self.each(data["discounted"])
        self.subordinate = self.one("|".join(data["subordinate"]))
        self.hedge = self.each(data["hedge"])
        self.slash = self.each(data["slash"])
        self.range = self.each(data["range"])
        self.list = self.each(data["list"])
        self.list_joined = self.each(data["list_joined"])
        self.list_of_person = self.each(data["list_of_person"])
        self.list_of_terms = self.each(data["list_of_terms"])
        self.list_of_lower = self.each(data["list_of_lower"])
        self.first_exempt = {kind: self.one(p) for kind, p in data["first_exempt"].items()}
        # by answer type
        self.shapes = [re.compile(pattern) for pattern in data["shapes"].values()]
        self.coarse_places = self.one(data["coarse_places"])
        self.genre_questions = self.one(data["genre_questions"])
        self.events = self.one("|".join(f"\\b{event}" for event in data["events"]))

    def one(self, pattern: str) -> re.Pattern[str]:
        """A pattern without regard to case, with {K}, {C} and {D} filled in."""
        kinds = "(?:" + "|".join(sorted(self.kind_words)) + ")"
        filled = pattern.replace("{K}", K).replace("{C}", C).replace("{D}", kinds)
        return re.compile(filled, re.IGNORECASE)

    def each(self, patterns: Sequence[str]) -> tuple[re.Pattern[str], ...]:
        """Several patterns, compiled."""
        return tuple(map(self.one, patterns))


RULES = Rules(paths.PACKAGE / "musicsimpleqa/grading_rules.yaml")
