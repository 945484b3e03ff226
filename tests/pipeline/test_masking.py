import pytest
from datatrove.data import Document
from hypothesis import example, given
from hypothesis import strategies as st
from masking_cases import NOT_PERSONAL, WRITTEN_OTHERWISE
from properties import PROPERTY
from stdnum import iban, luhn

from mucpt_utils.config.pipeline import MaskingSettings
from mucpt_utils.pipeline.masking import MaskPersonalData, find_personal_data, mask, mask_metadata


def valid_iban(account="DE00370400440532013000"):
    return account[:2] + iban.calc_check_digits(account) + account[4:]


CARD = "411111111111111" + luhn.calc_check_digit("411111111111111")

PERSONAL = [
    ("Write to anna.b+music@mail.example.co.uk today.", "Write to [EMAIL] today."),
    ("Mail bob [at] example [dot] org.", "Mail [EMAIL]."),
    ("Call +44 20 7946 0958 after six.", "Call [PHONE] after six."),
    ("Ring (212) 555-0147 now", "Ring [PHONE] now"),
    ("Tel. 617-555-0153\nPrevious", "Tel. [PHONE]\nPrevious"),
    ("Mobile: 079 0442 1744", "Mobile: [PHONE]"),
    ("reach me on 780 6326 please", "reach me on [PHONE] please"),
    ("Tel: 72 12 34, weekdays", "Tel: [PHONE], weekdays"),
    ("Phone: 601 234 567 or fax: 31-234", "Phone: [PHONE] or fax: [PHONE]"),
    ("Desk: +1-903-140-4508x769", "Desk: [PHONE]"),
    (f"Donations to {valid_iban()} please", "Donations to [IBAN] please"),
    (f"iban {iban.format(valid_iban())}, thanks", "iban [IBAN], thanks"),
    (f"card {CARD} was charged", "card [CARD] was charged"),
    (f"Paid: {CARD[:4]}-{CARD[4:8]}-{CARD[8:12]}-{CARD[12:]}.", "Paid: [CARD]."),
    ("SSN: 078-05-1120", "SSN: [SSN]"),
    ("social security number 820-15-8433.", "social security number [SSN]."),
    ("login from 240.77.113.77 failed", "login from [IP] failed"),
    ("host 4001:db8::8a2e:370:7334 is down", "host [IP] is down"),
    ("copy at https://jo:pw99@files.example.net/7 now", "copy at [URL] now"),
    ("https://api.example.com/v1?api_key=abc123XYZ", "[URL]"),
    ("Thanks to @rosa_quillan77 for it", "Thanks to [HANDLE] for it"),
]

MUSIC = [
    "Op. 27 No. 2, BWV 1007-1012 and K. 331 were written in 1756-1791.",
    "Hob. XVI:52, RV 269, D. 960, HWV 351, Köchel 525 and WoO 59.",
    "ISRC GB-AYE-69-00539, ISBN 978-0-393-32838-4 and ISMN 979-0-2600-0043-8.",
    "ISBN 0393328384; barcode 0724384260958; catalogue number 4988 005 123 456.",
    "The label gave it the number SHVL 804 and matrix 07464-40158-2.",
    "It lasts 3:45, then 1:02:03; crotchet = 120; A4 = 440 Hz; 261.63 293.66 329.63 Hz.",
    "Guitar tuned D-A-D-G-A-D, strings .010 .013 .017 .026 .036 .046.",
    "The hymn in 87.87.87.87 metre, section 1.6.1.1, released 12.11.1982 or 1982-11-12.",
    "Visit https://musicbrainz.org/recording/b1a9c0e9-d987-4042-ae91-78d6a3267d69 for more.",
    "The telephone, 12345 of them; Telephone: 1876 or 3 tunes; fax: 12-bar blues",
    "bars 1234-1240, pages 100-104, vol. 3, 1 234 567 copies, doi 10.5281/zenodo.1415012",
    "Johann Sebastian Bach, Björk, blink-182, The 1975, 2Pac and deadmau5.",
    "@node Rhythm\n@item a note @code{c4} and @ref{Pitch}",
    "Texts with an e at (or near) the end; 4 x 4 = 16; 3/4, 6/8 and 12/8 time.",
]


@pytest.mark.parametrize(("text", "masked"), [*PERSONAL, *WRITTEN_OTHERWISE])
def test_personal_data_becomes_a_typed_placeholder(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize("text", [*MUSIC, *NOT_PERSONAL])
def test_numbers_of_music_stay(text):
    assert find_personal_data(text) == []


@pytest.mark.parametrize(
    "text", [f"card {CARD[:-1]}{(int(CARD[-1]) + 1) % 10}", "DE12345678901234567890"]
)
def test_wrong_check_digits_are_no_identifiers(text):
    assert not {"CARD", "IBAN"} & {f.kind for f in find_personal_data(text)}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("phone: ２０２-５５５-０１４３ (office)", "phone: [PHONE] (office)"),
        ("write to ａｎｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ today", "write to [EMAIL] today"),
        ("call +٤٤ ٢٠ ٧٩٤٦ ٠٩٥٨ now", "call [PHONE] now"),
    ],
)
def test_other_forms_of_letters_and_digits_are_read_and_stay_elsewhere(text, masked):
    assert mask(text) == masked
    assert mask("Ｂａｃｈ, BWV １０５２, ١٧٣٨") == "Ｂａｃｈ, BWV １０５２, ١٧٣٨"


def test_only_the_kinds_asked_for_are_masked():
    text = "me@example.org or +44 20 7946 0958"
    assert mask(text, MaskingSettings(kinds=("EMAIL",))) == "[EMAIL] or +44 20 7946 0958"


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="NAME"):
        MaskingSettings(kinds=("NAME",))


def test_a_stretch_belongs_to_the_first_kind_that_claims_it():
    assert (
        mask("pay at https://shop.example/?card=1&token=4111111111111111 now") == "pay at [URL] now"
    )
    assert mask(f"card number, call {CARD}") == "card number, call [CARD]", "not a telephone number"
    only_phones = MaskingSettings(kinds=("PHONE",))
    assert mask("call +44 20 7946 0958, card {CARD}", only_phones) == "call [PHONE], card {CARD}"


@pytest.mark.parametrize(
    "query",
    [
        "token=abc",
        "page=2&pwd=x1",
        "access_token=one",
        "api_key=demo2",
        "PHPSESSID=a1",
        "jwt=short",
        "otp=12",
        "user=anna&pass=festival",
        "email=anna%40mail.example.com&pin=77",
        "pin=1756",
        "id=3#token=abc",
        "password=2019-12-31",
        "key=1234-5678-9012",
        "session=2021-2022-9988",
        "code=978-0-19-816234-7",
        "code=483920",
    ],
)
def test_a_secret_may_be_short_where_its_name_means_nothing_else(query):
    assert mask(f"open https://shop.de/a?{query} now") == "open [URL] now"


@pytest.mark.parametrize(
    "query",
    [
        "session=autumn-school",
        "author=Bach",
        "key=C-sharp",
        "sig=3/4",
        "pass=2",
        "pin=13",
        "user=bach&key=C-minor",
        "user=bach&page=2",
        "pass=festival&day=2",
        "code=en",
        "state=open",
        "tokens=100&max_token=20",
        "token=adagio",
        "pagetoken=two",
        "token=",
        "token={token}",
        "password=YOUR_PASSWORD",
        "auth=none&user=",
        "secretary=Schindler",
        "session=2021-2022",
        "session=1999-2000",
        "key=2019-12-31",
        "key=1685-03-31",
        "state=31-12-2019",
        "session=2019-09-01-2020-06-30",
        "code=20191231",
        "code=978-0-19-816234-6",
        "code=9780198162346",
        "key=979-0-2600-0043-8",
    ],
)
def test_a_parameter_with_other_meanings_stays_where_its_value_is_words(query):
    assert find_personal_data(f"see https://shop.de/a?{query} for it") == []


def test_the_step_counts_kinds_and_moves_annotations():
    text = "Ring (212) 555-0147 or write to a@example.org"
    spans = [{"start": 5, "end": 19, "kind": "pii"}, {"start": 32, "end": 45, "kind": "pii"}]
    doc = Document(text=text, id="d", metadata={"truth": {"spans": spans}})
    (out,) = MaskPersonalData(MaskingSettings()).run([doc])
    moved = out.metadata["truth"]["spans"]
    assert [out.text[s["start"] : s["end"]] for s in moved] == ["[PHONE]", "[EMAIL]"]
    assert out.metadata["masked"] == {"EMAIL": 1, "PHONE": 1}
    masks = out.metadata["masks"]
    assert [out.text[m["start"] : m["end"]] for m in masks] == ["[PHONE]", "[EMAIL]"]
    assert [m["kind"] for m in masks] == ["PHONE", "EMAIL"]


# --- for all texts --------------------------------------------------------------------------------

ALL_PERSONAL = [text for text, _ in [*PERSONAL, *WRITTEN_OTHERWISE]]
PIECES = st.sampled_from([*ALL_PERSONAL, *MUSIC, *NOT_PERSONAL, CARD, "+1 212 555 0147", "@a.b"])
TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="0123456789 -+().@:/[]abcdefxIBANtel"),
    st.text(alphabet="AB01 İıſK", max_size=40),  # letters that match [a-z] where case is ignored
    st.lists(PIECES | st.text(alphabet="0123456789 .-@", max_size=12), max_size=6).map(" ".join),
)


@PROPERTY
@given(TEXTS)
@example("\n".join(ALL_PERSONAL))
@example(" ".join(ALL_PERSONAL))
@example("AA11A0-0-A 0-1 111111 İİİ")
def test_findings_are_in_order_and_do_not_overlap(text):
    findings = find_personal_data(text)
    ends = [0, *(end for finding in findings for end in finding[:2]), len(text)]
    assert ends == sorted(ends)
    assert all(finding.start < finding.end for finding in findings)


@PROPERTY
@given(TEXTS)
@example("\n".join(ALL_PERSONAL))
@example(" ".join(ALL_PERSONAL))
def test_masking_a_masked_text_changes_nothing(text):
    masked = mask(text)
    assert find_personal_data(masked) == []
    assert mask(masked) == masked


@PROPERTY
@given(st.lists(st.sampled_from(MUSIC), max_size=5).map(" ".join))
def test_texts_on_music_stay_whatever_stands_beside_them(text):
    assert mask(text) == text


MADE_UP_METADATA = {
    "author": ("anna.meta@orgelbau.de", "[EMAIL]"),
    "url": ("https://anna:geheim99@orgelbau.de/x", "[URL]"),
    "contact": ("+44 20 7946 0958", "[PHONE]"),
    "home_phone": ("5551234567", "[PHONE]"),
    "people": ([{"mail": "ann@mail.com"}, ["bob [at] mail.com"], 7], None),
    "licence": ("CC BY 4.0, ask ann@mail.com", "CC BY 4.0, ask [EMAIL]"),
}
MUSICAL_METADATA = {
    **{"barcode": "5099749534728", "isbn": "978-0-19-816234-6", "isrc": "GBAYE0601498"},
    **{"date": "1999-12-31", "title": "Symphony no. 40, K. 550", "catalog_number": "SXL 6583-6585"},
    **{"mbid": "b95ce3ff-3d05-4e87-9e01-c97b66af13d4", "timestamp": "1622505600", "n": 5551234567},
    **{"source": "ann@mail.com", "file": "ann@mail.com.txt", "read_from": "ann@mail.com.jsonl:1"},
    **{"truth": {"spans": [], "value": "ann@mail.com"}, "weight": 0.5, "none": None, "is": True},
}


def test_strings_of_the_metadata_are_masked_at_any_depth_and_counted():
    metadata = {name: value for name, (value, _) in MADE_UP_METADATA.items()} | MUSICAL_METADATA
    (document,) = MaskPersonalData(MaskingSettings()).run([Document("No data.", "1", [], metadata)])
    masked = {name: value for name, (_, value) in MADE_UP_METADATA.items()}
    masked["people"] = [{"mail": "[EMAIL]"}, ["[EMAIL]"], 7]
    counts = {"EMAIL": 4, "PHONE": 2, "URL": 1}
    assert document.metadata == masked | MUSICAL_METADATA | {"masked_metadata": counts}
    (again,) = MaskPersonalData(MaskingSettings()).run([document])
    assert again.metadata == masked | MUSICAL_METADATA | {"masked_metadata": counts}


@pytest.mark.parametrize("text", [written for written, _ in (*PERSONAL, *WRITTEN_OTHERWISE)])
def test_what_is_masked_in_a_text_is_masked_in_the_metadata(text):
    metadata = {"note": text}
    assert bool(mask_metadata(metadata, MaskingSettings())) == (mask(f"note: {text}")[6:] != text)
