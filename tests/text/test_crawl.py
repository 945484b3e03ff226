"""The flaws: every rate met and 0 means none, labels exact, falsehoods false, data made up."""

import ipaddress
import json
import re
from collections import Counter
from math import sqrt
from random import Random

import ftfy
import phonenumbers
import pytest
from made_up_facts import GENERAL, MUSIC, RELATIONS, as_bytes, spans
from stdnum import iban, luhn
from stdnum.us import ssn

from mucpt_utils import paths
from mucpt_utils.config.text import REGISTERS, RenderSettings
from mucpt_utils.text.crawl import add_flaws, everyday_documents
from mucpt_utils.text.crawl.copies import jaccard, shingles
from mucpt_utils.text.crawl.false_facts import FalseObjects, make_wrong
from mucpt_utils.text.crawl.lasting_noise import lasting_kinds
from mucpt_utils.text.crawl.pages import everyday_topics
from mucpt_utils.text.crawl.personal_data import PII_KINDS, personal_datum
from mucpt_utils.text.crawl.sites import draw_sites
from mucpt_utils.text.crawl.templates import flaw_wordings, write
from mucpt_utils.text.render import render_documents
from mucpt_utils.text.render.segments import Segment

RATES = (
    "wrong_fact",
    "boilerplate_in_document",
    "spam_in_document",
    "tracking_codes",
    "ocr_noise",
    "mojibake",
    "pii",
    "boilerplate_documents",
    "spam_documents",
    "off_domain",
    "exact_duplicates",
    "near_duplicates",
)
NO_SITES = {"bad_sites": 0.0, "lasting_noise": 0.0}
NONE = RenderSettings(documents_per_subject=100, **dict.fromkeys(RATES, 0.0), **NO_SITES)
CLEAN = render_documents(MUSIC, RELATIONS, NONE, 1, "music")
OBJECTS = {fact.id: fact.object for fact in (*MUSIC, *GENERAL)}


def flawed(seed: int = 7, **rates: float) -> list[dict]:
    settings = RenderSettings(**{**NONE.model_dump(), **rates})
    return add_flaws(CLEAN, MUSIC, settings, seed, GENERAL)


@pytest.fixture(scope="module")
def everything() -> list[dict]:
    """A corpus with every flaw."""
    return flawed(**{name: 0.1 for name in RATES})


def truth(document: dict) -> dict:
    return document["metadata"]["truth"]


def has(document: dict, kind: str, subkind: str | None = None) -> bool:
    return any(
        span["kind"] == kind and subkind in (None, span.get("subkind")) for span in spans(document)
    )


def told(documents: list[dict]) -> list[dict]:
    """Documents that tell something, copies left out."""
    kinds = ("article", "off_domain")
    return [d for d in documents if truth(d)["doc_kind"] in kinds and not truth(d)["duplicate_of"]]


def share(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


def share_of_flaw(name: str, documents: list[dict]) -> tuple[float, int]:
    """The measured rate of a flaw, and of how many it is the share."""
    if name == "wrong_fact":
        kinds = [s["kind"] for d in told(documents) for s in spans(d)]
        return kinds.count("wrong_fact") / len(kinds), len(kinds)
    if name in ("boilerplate_documents", "spam_documents", "off_domain"):
        kind = name.removesuffix("_documents")
        return share([truth(d)["doc_kind"] == kind for d in documents]), len(documents)
    if name in ("exact_duplicates", "near_duplicates"):
        return share([truth(d)["duplicate_of"] is not None for d in documents]), len(documents)
    tests = {
        "boilerplate_in_document": lambda d: has(d, "boilerplate"),
        "spam_in_document": lambda d: has(d, "spam"),
        "tracking_codes": lambda d: has(d, "noise", "tracking"),
        "ocr_noise": lambda d: has(d, "noise"),
        "mojibake": lambda d: has(d, "mojibake"),
        "pii": lambda d: has(d, "pii"),
    }
    return share([tests[name](document) for document in told(documents)]), len(told(documents))


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_rate_is_met_within_sampling_error(name, rate):
    measured, n = share_of_flaw(name, flawed(**{name: rate}))
    assert abs(measured - rate) < 4 * sqrt(rate * (1 - rate) / n) + 0.003


def test_zero_means_none():
    texts = {document["id"]: (document["text"], spans(document)) for document in flawed()}
    assert texts == {document["id"]: (document["text"], spans(document)) for document in CLEAN}


def test_same_seed_same_bytes():
    rates = {name: 0.1 for name in RATES}
    assert as_bytes(flawed(7, **rates)) == as_bytes(flawed(7, **rates))
    assert as_bytes(flawed(7, **rates)) != as_bytes(flawed(8, **rates))


def test_a_higher_rate_flaws_a_superset():
    few = {d["id"] for d in flawed(spam_in_document=0.1) if has(d, "spam")}
    many = {d["id"] for d in flawed(spam_in_document=0.3) if has(d, "spam")}
    assert few < many


def test_spans_are_exact_under_every_flaw(everything):
    for document in everything:
        for span in spans(document):
            text = document["text"][span["start"] : span["end"]]
            assert 0 <= span["start"] < span["end"] <= len(document["text"])
            if span["kind"] == "fact":
                assert OBJECTS[span["fact"]].casefold() in text.casefold()
            if span["kind"] == "wrong_fact":
                assert span["object"].casefold() in text.casefold()
            if span["kind"] == "pii":
                assert text == text.strip() and len(text) >= 5


def test_flaws_leave_the_untouched_text_alone():
    before = {document["id"]: document["text"] for document in CLEAN}
    rates = {"spam_in_document": 1.0, "tracking_codes": 1.0, "boilerplate_in_document": 1.0}
    for document in flawed(**rates):
        pieces, position = [], 0
        for span in spans(document):
            if span["kind"] in ("spam", "noise", "boilerplate"):
                pieces.append(document["text"][position : span["start"]])
                position = span["end"]
        rest = "".join([*pieces, document["text"][position:]])
        assert "".join(rest.split()) == "".join(before[document["id"]].split())


def test_wrong_facts_are_false_and_of_the_same_relation():
    true = {(f.relation, f.subject): f.object for f in MUSIC}
    facts = {f.id: f for f in MUSIC}
    for document in flawed(wrong_fact=0.5):
        for span in spans(document):
            if span["kind"] != "wrong_fact":
                continue
            fact = facts[span["fact"]]
            assert span["object"] != true[fact.relation, fact.subject]
            assert span["object"] in {f.object for f in MUSIC if f.relation == fact.relation}


def test_the_wrong_object_varies():
    wrong = Counter(
        span["object"]
        for document in flawed(wrong_fact=0.5)
        for span in spans(document)
        if span["fact"] == "m:album.year:silver-rooms" and span["kind"] == "wrong_fact"
    )
    assert len(wrong) == 3


def test_no_false_object_is_another_name_of_a_true_one():
    england = MUSIC[0].__class__(**{**MUSIC[0].__dict__, "id": "m:x", "object": "England"})
    britain = england.__class__(
        **{**england.__dict__, "id": "m:y", "subject": "Y", "object": "Britain",
           "aliases": ("England",)}
    )  # fmt: skip
    assert FalseObjects([england, britain]).draw(england, Random(0)) is None


def test_articles_follow_the_wrong_object():
    pairs = {"Iceland": "the United States", "United States": "Iceland"}
    facts = [f for f in MUSIC if f.relation == "artist.country" and f.object in pairs]
    false_objects = FalseObjects(facts)
    for fact in facts:
        shown = "the United States" if fact.object == "United States" else fact.object
        sentence = Segment(f"{fact.subject} comes from {shown}.", "fact", fact.id)
        value = false_objects.draw(fact, Random(0))
        wrong = make_wrong(sentence, fact, value)
        assert wrong.text == f"{fact.subject} comes from {pairs[fact.object]}."
        field = Segment(f"Country: {fact.object}", "fact", fact.id)
        wrong = make_wrong(field, fact, value)
        assert wrong.text == f"Country: {pairs[fact.object].removeprefix('the ')}"


def test_facts_told_are_those_still_right():
    for document in flawed(wrong_fact=0.5, ocr_noise=0.5):
        right = {s["fact"] for s in spans(document) if s["kind"] == "fact"}
        assert set(truth(document)["facts"]) == right


def test_errors_come_in_clusters_of_sites():
    documents = flawed(wrong_fact=0.05, bad_sites=0.4, wrong_in_bad_sites=0.7)
    kinds = {True: Counter(), False: Counter()}
    for document in told(documents):
        kinds[truth(document)["reliable"]].update(span["kind"] for span in spans(document))
    wrong = {r: counts["wrong_fact"] / counts.total() for r, counts in kinds.items()}
    assert wrong[True] < 0.12 and wrong[False] > 0.5
    by_site = {d["metadata"]["site"]: truth(d)["reliable"] for d in documents}
    assert len(by_site) == NONE.sites and list(by_site.values()).count(False) == 8


def test_more_bad_sites_spoil_a_superset():
    few, many = (
        {site.name for site in draw_sites(RenderSettings(bad_sites=share), 3) if not site.reliable}
        for share in (0.2, 0.6)
    )
    assert few < many and len(many) == 12


def test_a_rumour_is_the_same_wherever_it_is_told():
    objects: dict[str, set] = {}
    rates = {"bad_sites": 1.0, "wrong_in_bad_sites": 0.8}
    for document in flawed(**rates, rumours=1.0):
        for span in spans(document):
            if span["kind"] == "wrong_fact":
                assert span["subkind"] == "rumour"
                objects.setdefault(span["fact"], set()).add(span["object"])
    assert len(objects) > 10 and max(map(len, objects.values())) == 1
    assert not any(has(d, "wrong_fact", "rumour") for d in flawed(**rates, rumours=0.0))


def test_lasting_noise_is_labelled_and_says_nothing_true_of_the_subject():
    documents = flawed(lasting_noise=1.0)
    subkinds = Counter(
        s.get("subkind") for d in documents for s in spans(d) if s["kind"] == "noise"
    )
    assert set(subkinds) == set(lasting_kinds()) and min(subkinds.values()) > 20
    assert share([has(d, "noise") for d in told(documents)]) > 0.95
    # a denial quotes an object that its subject does not have
    for document in documents:
        for span in spans(document):
            if span.get("subkind") == "denial":
                text = document["text"][span["start"] : span["end"]]
                subjects = [f.subject for f in MUSIC if f.subject in text]
                assert subjects and "{" not in text


def test_mojibake_is_real():
    before = {document["id"]: document["text"] for document in CLEAN}
    damaged = [d for d in flawed(mojibake=1.0) if has(d, "mojibake")]
    assert len(damaged) == len(CLEAN)
    fixed = []
    for document in damaged:
        assert document["text"] != before[document["id"]]
        plain = ftfy.fix_text(document["text"]).replace("\u00a0", " ").replace("–", "-")
        fixed.append(plain == ftfy.fix_text(before[document["id"]]))
    assert share(fixed) > 0.8


def test_ocr_noise_keeps_most_words():
    before = {document["id"]: document["text"].split() for document in CLEAN}
    changed = total = 0
    for document in flawed(ocr_noise=1.0, ocr_words=0.1):
        words = document["text"].split()
        assert len(words) == len(before[document["id"]])
        changed += sum(a != b for a, b in zip(words, before[document["id"]], strict=True))
        total += len(words)
    assert 0.07 < changed / total < 0.12


def test_exact_copies_are_exact_and_near_copies_near(everything):
    texts = {document["id"]: document["text"] for document in everything}
    near = 0
    for document in everything:
        first = truth(document)["duplicate_of"]
        if first is None:
            continue
        overlap = jaccard(shingles(document["text"]), shingles(texts[first]))
        if "jaccard" in truth(document):
            near += 1
            assert document["text"] != texts[first]
            assert overlap == pytest.approx(truth(document)["jaccard"], abs=1e-4)
            assert overlap >= 0.75
        else:
            assert document["text"] == texts[first]
    assert near > 50


def test_off_domain_documents_are_off_it(everything):
    off = [d for d in everything if truth(d)["doc_kind"] == "off_domain"]
    assert off and not any(truth(d)["in_domain"] for d in off)
    assert any(d["id"].startswith("general-") for d in off)
    assert any(d["id"].startswith("topic-") for d in off)


def test_no_label_leaks_into_the_metadata_a_model_sees(everything):
    seen = json.dumps([{**d["metadata"], "truth": 0} for d in everything]).casefold()
    assert not re.search(r"spam|boilerplate|off_domain|wrong", seen)


def test_ids_are_unique(everything):
    assert len({document["id"] for document in everything}) == len(everything)


def test_no_question_is_asked_in_the_flawed_corpus(everything):
    texts = "\n".join(document["text"] for document in everything).casefold()
    for fact in MUSIC:
        for question in RELATIONS[fact.relation].questions:
            assert question.replace("{s}", fact.subject).casefold() not in texts


def _digits(value: str) -> str:
    return re.sub(r"\D", "", value)


VALID = {
    "email": lambda v: re.fullmatch(r"[a-z.\d]+@(mail\.)?example\.(com|org|net)", v),
    "phone": lambda v: any(
        phonenumbers.is_valid_number(phonenumbers.parse(v, region)) for region in ("US", "GB")
    ),
    "iban": iban.is_valid,
    "card": lambda v: luhn.is_valid(_digits(v)) and len(_digits(v)) == 16,
    "ssn": ssn.is_valid,
    "ip": lambda v: ipaddress.ip_address(v).is_reserved,
    "handle": lambda v: re.fullmatch(r"@\w+", v),
    "url": lambda v: re.fullmatch(r"https://\w+:\w+@files\.example\.net/\d+", v),
}


@pytest.mark.parametrize("kind", PII_KINDS)
def test_personal_data_is_well_formed_and_reserved(kind):
    rng = Random(3)
    values = [personal_datum(kind, rng) for _ in range(200)]
    assert all(VALID[kind](value) for value in values)
    assert len(set(values)) > 100


def test_unknown_personal_data_kind_raises():
    with pytest.raises(ValueError, match="allowed: email, phone"):
        personal_datum("passport", Random(0))


def test_every_template_can_be_written():
    rng = Random(1)
    words = flaw_wordings()
    lists = [words["spam"], words["tracking"], *words["boilerplate"].values()]
    for topic in [*words["off_domain"], *everyday_topics()]:
        lists += [topic["opening"], topic["sentences"]]
    for template in [template for part in lists for template in part]:
        text = write(template, rng)
        assert text and not re.search(r"(?<!\{)\{[a-z]+\d*\}", text), template


def test_everyday_text_has_none_of_the_topics_that_it_is_measured_on():
    measured = {topic["title"] for topic in flaw_wordings()["off_domain"]}
    learnt = {topic["title"] for topic in everyday_topics()}
    assert len(learnt) >= 16 and measured.isdisjoint(learnt)
    told = {s for topic in flaw_wordings()["off_domain"] for s in topic["sentences"]}
    taught = {s for topic in everyday_topics() for s in topic["sentences"]}
    assert told.isdisjoint(taught)


def test_everyday_documents_are_clean_distinct_and_repeat():
    documents = everyday_documents(3, seed=5)
    assert len(documents) == 3 * len(everyday_topics())
    assert documents == everyday_documents(3, seed=5)
    assert len({d["id"] for d in documents}) == len({d["text"] for d in documents})
    assert not any(truth(d)["in_domain"] or spans(d) for d in documents)
    assert [d["text"] for d in documents] != [d["text"] for d in everyday_documents(3, 6)]


def test_the_card_names_every_register_rate_and_label(everything):
    card = (paths.DATA_CARDS / "rendered" / "README.md").read_text(encoding="utf-8")
    kinds = {span["kind"] for document in everything for span in spans(document)}
    words = {"fact", "wrong_fact", "boilerplate", "spam", "noise", "pii", "mojibake"}
    assert kinds == words
    missing = [name for name in (*REGISTERS, *RATES, "ocr_words", *words) if name not in card]
    assert missing == []
