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
        self.kind_words = frozenset(data["kind_words"].split())
        self._kinds = "(?:" + "|".join(sorted(self.kind_words)) + ")"
        self.lead_in = re.compile(
            "(?:\\W*(?:" + "|".join(data["lead_ins"]) + ")\\s+(?=\\S))+", re.IGNORECASE
        )
        self.refusal_whole = self._any(data["refusal_whole"])
        self.refusal = self._one(f"(?:{'|'.join(data['refusal'])})(?:{data['indirect_question']})?")
        self.guess = self._one(data["guess"])
        self.undecided = self._one(data["undecided"])
        self.correction = self._one(data["correction"])
        self.final_answer = self._one(data["final_answer"])
        self.discounted = [self._one(pattern) for pattern in data["discounted"]]
        self.subordinate = self._any(data["subordinate"])
        self.hedge = [self._one(pattern) for pattern in data["hedge"]]
        self.range = [self._one(pattern) for pattern in data["range"]]
        self.list = [self._one(pattern) for pattern in data["list"]]
        self.list_joined = [self._one(pattern) for pattern in data["list_joined"]]
        self.slash = [self._one(pattern) for pattern in data["slash"]]
        self.list_of_person = [self._one(pattern) for pattern in data["list_of_person"]]
        self.list_of_terms = [self._one(pattern) for pattern in data["list_of_terms"]]
        self.list_of_lower = [self._one(pattern) for pattern in data["list_of_lower"]]
        self.first_exempt = {t: self._one(p) for t, p in data["first_exempt"].items()}
        self.function_words = frozenset(data["function_words"].split())
        self.nationality = re.compile(data["nationality"])
        self.honorifics = frozenset(data["honorifics"])
        self.suffixes = data["suffixes"]
        self.shared_family_names = frozenset(data["shared_family_names"])
        self.common_words = frozenset(data["common_words"])
        self.interjections = frozenset(data["interjections"])
        self.place_prefixes = frozenset(data["place_prefixes"])
        self.shapes = [re.compile(pattern) for pattern in data["shapes"].values()]
        self.coarse_places = self._one(data["coarse_places"])
        self.genre_questions = self._one(data["genre_questions"])
        self.events = re.compile("|".join(f"\\b{e}" for e in data["events"]), re.IGNORECASE)

    def _one(self, pattern: str) -> re.Pattern:
        filled = pattern.replace("{K}", K).replace("{C}", C).replace("{D}", self._kinds)
        return re.compile(filled, re.IGNORECASE)

    def _any(self, patterns: Sequence[str]) -> re.Pattern:
        return self._one("|".join(f"(?:{pattern})" for pattern in patterns))


RULES = Rules(paths.PACKAGE / "musicsimpleqa/grading_rules.yaml")
