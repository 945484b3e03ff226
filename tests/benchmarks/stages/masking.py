"""Masking of personal data: recall by kind, and what is masked in every folder of real prose.

Presidio's synthetic texts are halved by the hash of their number. One half may be looked at while
the rules are written, the other is only counted.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumberFormat

from mucpt_utils.analysis import stage_quality
from mucpt_utils.config.pipeline import KINDS, MaskingSettings
from mucpt_utils.pipeline.masking import Finding, find_personal_data
from stages.common import data, is_reported, passages, rendered, row, share, study

STAGE = "privacy masking"
SETTINGS = MaskingSettings()
RECALL = 0.97
FALSE_MASKS, IN_WORDS = 1, 20_000
KIND_OF = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "IBAN_CODE": "IBAN",
    "CREDIT_CARD": "CARD",
    "US_SSN": "SSN",
    "IP_ADDRESS": "IP",
}


def measure() -> Iterator[dict]:
    """Presidio's texts, telephone numbers of every region, credentials, rendered lane, prose."""
    yield from _presidio()
    yield from _regions()
    yield from _credentials()
    for found in stage_quality.measure(
        stage_quality.Outcome.load(study().raw_corpus().folder, rendered().folder)
    ):
        if found["stage"] == "mask":
            kind = found["kind"].upper()
            yield row(STAGE, "recall, rendered lane", kind, found["recall"], found["n"], RECALL)
    yield from _prose()


def _covered(found: list[Finding], kind: str, start: int, end: int) -> bool:
    return any(f.kind == kind and f.start <= start and end <= f.end for f in found)


def _presidio() -> Iterator[dict]:
    path = data("cleaning", "presidio_synth_pii") / "synth_dataset_v2.json"
    hits: dict[tuple[str, str], list[bool]] = defaultdict(list)
    wrong, words = {True: 0, False: 0}, {True: 0, False: 0}
    for number, text in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        found, reported = find_personal_data(text["full_text"], SETTINGS), is_reported(number)
        half = "reported half" if reported else "development half"
        spans = [s for s in text["spans"] if s["entity_type"] in KIND_OF]
        for span in spans:
            kind = KIND_OF[span["entity_type"]]
            hit = _covered(found, kind, span["start_position"], span["end_position"])
            hits[kind, half].append(hit)
            if kind == "PHONE":
                valid = _is_a_number(span["entity_value"])
                hits[f"PHONE, {'' if valid else 'no '}valid number anywhere", half].append(hit)
        words[reported] += len(text["full_text"].split())
        wrong[reported] += sum(not _touches(f, spans) for f in found)
    for (kind, half), of_kind in sorted(hits.items()):
        goal = RECALL if half == "reported half" and kind in KINDS else None
        yield row(STAGE, f"recall, synthetic texts, {half}", kind, *share(of_kind), goal)
    yield row(
        STAGE,
        "masks that touch nothing personal, synthetic texts, reported half",
        "all",
        wrong[True],
        words[True],
    )


def _touches(found: Finding, spans: list[dict]) -> bool:
    return any(s["start_position"] < found.end and found.start < s["end_position"] for s in spans)


def _is_a_number(value: str) -> bool:
    """Whether a telephone number is valid in some region of the world."""
    for region in [None, *sorted(phonenumbers.SUPPORTED_REGIONS)]:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(value, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _regions() -> Iterator[dict]:
    """The example number that phonenumbers has for every region, in three settings."""
    sentences = {
        "international": "For the programme of the spring season {} is the place to ask.",
        "national, after a word that says so": "Telephone: {}, weekdays only.",
    }
    formats = {
        "international": PhoneNumberFormat.INTERNATIONAL,
        "national, after a word that says so": PhoneNumberFormat.NATIONAL,
    }
    for setting, sentence in sentences.items():
        hits = []
        for region in sorted(phonenumbers.SUPPORTED_REGIONS):
            example = phonenumbers.example_number(region)
            if example is not None:
                value = phonenumbers.format_number(example, formats[setting])
                text = sentence.format(value)
                start = text.index(value)
                found = find_personal_data(text, SETTINGS)
                hits.append(_covered(found, "PHONE", start, start + len(value)))
        yield row(STAGE, "recall, a number of every region", setting, *share(hits), RECALL)


CREDENTIALS = (
    "https://{user}:{word}@{host}/files",
    "http://{user}:{word}@{host}:8080",
    "ftp://{user}:{word}@{host}/pub/scores.zip",
    "postgres://{user}:{word}@{host}:5432/catalogue",
    "sftp://{user}:{word}@{host}",
    "https://{host}/feed?access_token={code}",
    "https://{host}/v2/tracks?api_key={code}&page=2",
    "https://{host}/login?user={user}&password={word}",
)
HANDLES = ("@{user}", "@{user}_{digits}", "@the{user}", "@{user}.music", "@{user}{digits}")
FRAMES = ("You find it at {} if you hurry.", "See {}", "({})", "Credit: {}; all errors are mine.")
USERS, HOST = ("rosalind", "t.okafor", "miguel-reyes", "hannelore88"), "media.example.org"


def _credentials() -> Iterator[dict]:
    """Addresses that carry a password or a key, and handles, in some sentences each."""
    urls = [
        address.format(user=user, word="Xk4-plover", host=HOST, code="9fK2aQ7zLm31")
        for address in CREDENTIALS
        for user in USERS
    ]
    handles = [
        handle.format(user=user.replace(".", "").replace("-", ""), digits=7)
        for handle in HANDLES
        for user in USERS
    ]
    for kind, values in (("URL", urls), ("HANDLE", handles)):
        hits = []
        for value in values:
            for frame in FRAMES:
                text = frame.format(value)
                start = text.index(value)
                # what follows the secret may stay
                found = find_personal_data(text, SETTINGS)
                hits.append(any(f.kind == kind and f.start <= start < f.end for f in found))
        yield row(STAGE, "recall, written out", kind, *share(hits), RECALL)


def _prose() -> Iterator[dict]:
    """Masks in each folder of real prose; e-mail addresses are told apart, since they are real."""
    for lane in ("music_prose", "general_prose"):
        words: Counter[str] = Counter()
        masked: dict[str, Counter[str]] = defaultdict(Counter)
        for document in passages(lane):
            source = document.metadata["source"]
            words[source] += len(document.text.split())
            masked[source].update(f.kind for f in find_personal_data(document.text, SETTINGS))
        for source in sorted(words):
            for kind, is_real in (("e-mail addresses", True), ("all other kinds", False)):
                count = sum(n for k, n in masked[source].items() if (k == "EMAIL") == is_real)
                rate = count / words[source] * IN_WORDS
                most = None if is_real else FALSE_MASKS
                measure = f"masks in 20,000 words, {kind}"
                yield row(STAGE, measure, source, rate, words[source], most=most)
