"""A corpus as a crawl would find it: flaws added to clean documents at set rates, all labelled.

Rates of flaws inside documents are shares of the documents about music and off it, junk and copies
aside; rates of whole documents (spam, copies, ...) are shares of the finished corpus. Each document
draws once per flaw from a generator of its own, so a higher rate flaws a superset of documents;
which sentences are false is drawn anew. Every document comes from a site (`sites`), whose
reliability decides how much of it is false.
"""

from collections.abc import Mapping, Sequence
from random import Random

from mucpt_utils.config.text import RenderSettings
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.text.crawl.copies import copies
from mucpt_utils.text.crawl.damage import add_mojibake, add_ocr_noise
from mucpt_utils.text.crawl.drafts import Draft
from mucpt_utils.text.crawl.false_facts import FalseObjects, add_wrong_facts
from mucpt_utils.text.crawl.junk import add_boilerplate, add_spam, add_tracking, junk_document
from mucpt_utils.text.crawl.lasting_noise import add_lasting_noise
from mucpt_utils.text.crawl.pages import off_domain_documents
from mucpt_utils.text.crawl.personal_data import add_personal_data
from mucpt_utils.text.crawl.sites import Site, draw_sites, site_of
from mucpt_utils.text.render.documents import document_rng


def added_shares(settings: RenderSettings) -> dict[str, float]:
    """The share of added documents in the finished corpus, by kind."""
    return {
        "off_domain": settings.off_domain,
        "spam": settings.spam_documents,
        "boilerplate": settings.boilerplate_documents,
        "exact": settings.exact_duplicates,
        "near": settings.near_duplicates,
    }


def clean_share(settings: RenderSettings) -> float:
    """The share of the finished corpus that comes from the clean documents passed in."""
    return 1 - sum(added_shares(settings).values())


def flawed(
    document: Mapping,
    site: Site,
    settings: RenderSettings,
    seed: int,
    false_objects: FalseObjects,
    objects: Mapping[str, str],
) -> dict:
    """The document as its site published it: with the flaws that its own generators draw.

    objects: the object of each fact, by its id.
    """
    draft = Draft.of(document)

    def generator(flaw: str) -> Random:
        return document_rng(seed, flaw, document["id"])

    if document["metadata"]["truth"]["in_domain"]:
        add_wrong_facts(draft, generator("wrong_fact"), site, false_objects, seed)
    # one draw decides about OCR and encoding, so that no text is damaged twice
    damage, draw = generator("damage"), generator("damage draw").random()
    if draw < settings.ocr_noise:
        add_ocr_noise(draft, damage, settings.ocr_words, objects)
    elif draw >= 1 - settings.mojibake:
        add_mojibake(draft, damage, objects)
    rng = generator("lasting_noise")
    if rng.random() < site.rate(settings.lasting_noise):
        add_lasting_noise(draft, rng, false_objects)
    for name, rate, add in (
        ("pii", settings.pii, add_personal_data),
        ("spam", site.rate(settings.spam_in_document), add_spam),
        ("tracking", settings.tracking_codes, add_tracking),
        ("boilerplate", site.rate(settings.boilerplate_in_document), add_boilerplate),
    ):
        rng = generator(name)
        if rng.random() < rate:
            add(draft, rng)
    return published(draft.finish(), site)


def published(document: dict, site: Site) -> dict:
    """The document with its site in the metadata; `truth` says whether the site is reliable."""
    metadata = {**document["metadata"], "site": site.name}
    metadata["truth"] = {**metadata["truth"], "reliable": site.reliable}
    return {**document, "metadata": metadata}


def add_flaws(
    documents: Sequence[dict],
    facts: Sequence[Fact],
    settings: RenderSettings,
    seed: int,
    off_domain_facts: Sequence[Fact],
) -> list[dict]:
    """The clean documents as a crawl would find them: flawed, labelled, among others, shuffled.

    documents: from `render_documents`, stating `facts`. off_domain_facts: general facts for
    off-domain documents. Every flaw's rate is a field of RenderSettings.
    """
    total = len(documents) / clean_share(settings)
    counts = {kind: round(total * share) for kind, share in added_shares(settings).items()}
    others = off_domain_documents(off_domain_facts, settings, seed, counts["off_domain"])
    objects = {fact.id: fact.object for fact in (*facts, *off_domain_facts)}
    false_objects, sites = FalseObjects(facts), draw_sites(settings, seed)
    corpus = [
        flawed(document, site_of(document, sites, seed), settings, seed, false_objects, objects)
        for document in (*documents, *others)
    ]
    rng = document_rng(seed, "corpus")
    corpus += copies(corpus, counts["exact"], counts["near"], rng)
    for kind in ("spam", "boilerplate"):
        junk = [junk_document(kind, number, seed) for number in range(counts[kind])]
        corpus += [published(document, site_of(document, sites, seed)) for document in junk]
    rng.shuffle(corpus)
    return corpus
