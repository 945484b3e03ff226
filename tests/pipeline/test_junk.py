import re

import pytest
from datatrove.data import Document
from hypothesis import given
from hypothesis import strategies as st
from made_up_texts import COOKIES, PROSE, SPAM
from properties import PROPERTY

from mucpt_utils.pipeline.junk import (
    JunkFilter,
    junk_kind,
    junk_verdict,
    may_be_junk,
    rules,
    segment,
)


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        (COOKIES, "boilerplate"),
        ("Copyright © 2014 site.example. All rights reserved.", "boilerplate"),
        ("Subscribe to our newsletter and never miss a story!", "boilerplate"),
        ("Skip to main content", "boilerplate"),
        (SPAM, "spam"),
        ("Check out our [open issues](https://a.example/issues) and feel free to join!", None),
        ("You'll want to install a server, such as [this](https://server.com/).", None),
        ("To install the release, make sure you have `pip <https://pip.com/en>`_ and run:", None),
        ("You may want to join the list by mail to list-request@strings.org.", None),
        ("Check out our discounted watches at watches.com and get yours today!", "spam"),
        ("Earn 900 dollars a day from home, no experience needed.", "spam"),
        ("Best online casino bonus: 50 free spins!", "spam"),
        ("Lose 10 pounds with this one weird trick!!!", "spam"),
        ("Click the link below to claim your free gift card today!", "spam"),
        ("Order your diet pills online now and lose 20 pounds fast.", "spam"),
        ("Buy cheap viagra online without prescription at pills-shop.com.", "spam"),
        ("Work from home and earn $5,000 per month, no experience required!", "spam"),
        ("Limited time offer: 50% off all handbags, shop now at bags.example!", "spam"),
        ("Buy Instagram followers cheap, instant delivery, 100% real.", "spam"),
        ("Subscribe to our newsletter for exclusive deals.", "boilerplate"),
        ("Click here to unsubscribe.", "boilerplate"),
        ("Follow us on Facebook and Twitter!", "boilerplate"),
        ("Log in to leave a comment", "boilerplate"),
        ("Share on Facebook Share on Twitter", "boilerplate"),
        ("The prize went to the band for their second album.", None),
        ("He made a great deal of money from the opera in a short time.", None),
        ("In order to offer a new reading, she slows the tempo.", None),
        ("Good morning! What a concert!", None),
        ("The winner of the 1992 Mercury Prize was Screamadelica.", None),
        ("He told her to follow the conductor and not the score.", None),
    ],
)
def test_wording_tells_junk_from_prose(sentence, kind):
    assert junk_kind(sentence) == kind


NAMES_AND_IDIOMS = """
Viagra Boys released their second album in 2021.
The New Pornographers played the second stage that night.
Porno for Pyros were formed in 1992 in Los Angeles.
NSYNC's No Strings Attached sold 2.4 million copies in one week.
Get Rich or Die Tryin' is the first album by 50 Cent.
She sang Easy Money at the end of the show.
The copyright is granted to authors for a limited time.
The ship was powered by a two-stroke engine.
Students had free access to the opera on Mondays.
See the example on the previous page.
Cheap Trick opened for Kiss and stole the show.
Free had a hit with All Right Now in 1970.
Casino was scored with songs by the Rolling Stones.
Click is a song by Charli XCX.
Subscribe is the third track of the record.
Sale el Sol is the ninth studio album by Shakira.
The Limited Edition of the box set comes with a book.
"Win" opens the second side of the album.
Buy your tickets now, said the old man, and the crowd laughed.
Call Me Maybe was the best-selling single of the year.
Dire Straits got their money for nothing and their chicks for free.
He made easy money as a session player in Nashville.
You won't believe how quiet the hall became.
Save the Last Dance for Me was first sung by the Drifters.
Click here, Paul told the engineer, and the tape began to roll.
Buy a copy of the Henle edition if you can; it is cheap and good.
Subscribe to the theory or not, the rhythm is in three.
Share this on the piano with a friend: one plays the bass, one the tune.
The tickets were cheap, from $2 to $5 a seat, and the hall was full.
The first prize was a 500 dollar voucher for sheet music.
Congratulations! she said, you have won the competition.
Work from Home was a hit for Fifth Harmony.
Download Festival is held at Donington Park every summer.
The label offered a free download of the single to its mailing list.
Win a Date with Bobby was a novelty record of 1962.
Bitcoin and Other Stories is an album of electronic music.
Play the C major scale now, then make it faster!
For details of the edition, please contact the publisher.
Order the intervals from small to large and name each one!
Lose Yourself won the Academy Award for Best Original Song.
Take the Money and Run was a single by the Steve Miller Band.
You have been chosen to play the solo, he told her.
The concert cost £5, half the usual price, and everybody had a discount.
The band is guaranteed $5,000 a night and no strings attached.
Psychic Tarot Reading was the name of his third cassette.
Home – Music – Gallery
Nothing Compares 2 U; Buy Me a Pony; Free Money; Pay No Mind
1. Free Money 2. Easy Money 3. Cash Money 4. Buy Now
Back to the top of the phrase, and play it again.
Read More Books is a slogan of the library.
Next Page is a jazz trio from Oslo.
Powered by a steam engine of 40 horsepower, the organ filled the hall.
Reading Time Signatures
How to Create an Account
Popular stories among the enslaved included tales of tricksters.
He would double your fee if you could sing a high C, and pay in dollars!
All rights in the song belong to the publisher, and he reserved them all.
Get Back was recorded with Billy Preston on the organ!
Order now, the advertisement said, and the record was sent by mail.
Members could win $500 in a contest that ended at midnight.
Visit www.imslp.org for the score.
The score is free to download from IMSLP.org.
Weight Loss for Beginners, a comedy, had songs by the brothers.
Only 5 left, and they were asked to sing an encore.
"Buy cheap watches now at deals.example and save 70% off!" is a lyric of the second song.
The singer shouts: Click here! Buy now! Free! over a disco beat.
Hurry! Hurry! cried the barker, and the band struck up.
Fast Cash was the name of a punk trio from Leeds.
Guaranteed was the lead single, and Free Shipping the second one.
Double Your Money was a British quiz show with a theme by Ken Jones.
Make your own reeds at home, and save money.
Limited Edition was the title of a 2009 compilation by the trio.
The Killers sang Win or Lose at the stadium, and the crowd went wild!
Earn your stripes, Duke told the boys, and the money will come.
Buy Nothing Day inspired the song of the same name.
Cash Cash, Free Energy and The Deal were on the bill.
Act Now! is a theatre company from Leeds that plays for free.
At $12 a ticket the series was a bargain, and students had a 50% discount.
The app lets you download the scores and save your settings.
Spam, the Monty Python sketch, has a chorus of Vikings.
Follow Me was released on 12 May and sold 500 copies in its first week.
Guaranteed Raw is what he called the best of his free jazz tapes.
He won 500 dollars in a casino in Las Vegas and spent it on a trumpet.
Sale of the tickets begins today at noon, and the price is £20.
For $5 you could buy a banjo by mail order from the Sears catalogue.
You can visit the museum for free on Sundays, and hear the organ at noon.
Click tracks are sent to the drummer's headphones; press here to hear one.
Miracle Cure was the working title, and Secret Trick that of the B-side.
The singles "Bad Credit" and "Free Gift" were pulled from sale.
Loan words from Italian: allegro, forte, piano and many more.
Home, Start, Top and Next are the four movements.
Share the Land was the last album with Jim Kale.
Log In, Drop Out is a record by the Amsterdam band.
This page was added to the autograph in 1803 by another hand.
Search and Destroy opens the side.
Turn the page and play from letter B!
Read on to the end of the chapter, and sing the examples.
All rights reserved, the label kept the tapes for thirty years.
As it is their interest to sell dear, so it is to buy the materials as cheap as possible.
"""


@pytest.mark.parametrize("sentence", NAMES_AND_IDIOMS.strip().splitlines())
def test_names_titles_and_idioms_are_no_junk_alone_or_in_a_paragraph(sentence):
    paragraph = f"The evening was long. {sentence} It ended late."
    assert [s for text in (sentence, paragraph) for s in segment(text) if s.kind] == []


def test_no_single_sign_makes_spam():
    of = rules()
    assert all(weight < of.needed / 2 for weight in of.weights.values())
    for sentence in ("Buy now", "Online casino", "No strings attached", "Save 70% off"):
        assert junk_kind(sentence) is None


def test_the_words_that_gave_a_sentence_away_are_named():
    verdict = junk_verdict(SPAM)
    words = [SPAM[start:end] for start, end in verdict.triggers]
    assert verdict.kind == "spam"
    assert {"deals.example", "save 70%"} <= set(words)
    text = f"{PROSE} {SPAM}"
    (cut,) = [s for s in segment(text) if s.kind]
    assert [text[start:end] for start, end in cut.triggers] == words


class Pile:
    """Takes what is rejected."""

    def __init__(self):
        self.cuts = []

    def write_cut(self, document, start, end, reason, triggers):
        self.cuts.append((reason, document.text[start:end]))


def test_what_is_cut_stands_in_the_rejected_pile():
    junk_filter, document = JunkFilter(share=0.9, cut=True), Document(f"{COOKIES}\n{PROSE}", "d")
    junk_filter.exclusion_writer = Pile()
    assert junk_filter.filter(document) is True
    reasons, sentences = zip(*junk_filter.exclusion_writer.cuts, strict=True)
    assert set(reasons) == {"boilerplate sentence"} and "".join(sentences) == f"{COOKIES}\n"


def test_a_spam_sentence_without_a_full_stop_ends_with_its_address():
    text = "Cheap concert tickets no fees shop.example/t/123 The quartet was founded in Vienna."
    kinds = [(text[s.start : s.end].split()[0], s.kind) for s in segment(text)]
    assert kinds == [("Cheap", "spam"), ("The", None)]


def test_a_call_before_spam_goes_with_it_and_one_before_prose_stays():
    text = f"Bravo! The hall was full. Attention! {SPAM} What a night!"
    kinds = [(text[s.start : s.end].strip(), s.kind) for s in segment(text)]
    assert kinds[:3] == [("Bravo!", None), ("The hall was full.", None), ("Attention!", "spam")]
    assert kinds[3][1] == "spam" and kinds[-1] == ("What a night!", None)


def test_initials_do_not_end_a_sentence():
    text = "Symphony by J. S. Bach and Dr. Dre was played. It was long."
    assert len(segment(text)) == 2


def test_the_share_of_junk_decides_between_cutting_and_dropping():
    document = Document(text=f"{SPAM} The end came soon after.", id="d")
    assert JunkFilter(share=0.9, cut=True).filter(document) is True
    assert document.text == "The end came soon after."
    document = Document(text=f"{SPAM} The end came soon after.", id="d")
    assert JunkFilter(share=0.5, cut=True).filter(document) == (False, "spam")


# --- for all texts --------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        PROSE,
        SPAM,
        COOKIES,
        "Home | News | Contact",
        "Attention!",
        "",
        " ",
        "\n",
        "\t\u2028",
        "Mr. X",
    ]
)
TEXTS = st.one_of(
    st.text(),
    st.lists(PIECES | st.text(max_size=20)).map(" ".join),
    st.lists(PIECES).map("\n".join),
)


@PROPERTY
@given(TEXTS)
def test_segments_are_the_text_in_order_but_for_line_breaks(text):
    segments = segment(text)
    end = 0
    for piece in segments:
        assert end <= piece.start < piece.end <= len(text), "in order, not empty, no overlap"
        assert set(text[end : piece.start]) <= {"\n"}, "what stands between is line breaks"
        end = piece.end
    assert set(text[end:]) <= {"\n"}


@PROPERTY
@given(TEXTS)
def test_a_line_goes_with_its_line_break_only_as_a_whole(text):
    junk = {i for s in segment(text) if s.kind for i in range(s.start, s.end)}
    for line in re.finditer(r"[^\n]+\n", text):
        content = set(range(line.start(), line.end() - 1))
        assert (line.end() - 1 in junk) is (content <= junk)


@PROPERTY
@given(TEXTS)
def test_text_without_junk_passes_as_it_is_and_cuts_only_shorten(text):
    document = Document(text=text, id="d")
    is_clean = not any(s.kind for s in segment(text))
    JunkFilter(share=1.0, cut=True).filter(document)
    assert (document.text == text) if is_clean else (len(document.text) < len(text))


FURNITURE = [
    "You may also like:",
    "Pin it",
    "Email this to a friend",
    "Reply with quote",
    "Jump to navigation Jump to search",
    "From a free encyclopedia",
    "[edit]",
    "Don't forget to like, comment and subscribe, and hit the bell for new videos!",
    "Don't forget to like and subscribe!",
    "« Previous 1 2 3 4 5 ... 27 Next »",
    "Posts: 1,204",
    "Joined: Tue Mar 04, 2008 9:12 pm",
    "Please verify that you are not a robot.",
    "Enter the code shown above:",
]
PROSE_LIKE_IT = [
    "You may also like the second movement, which is led by an oboe.",
    "He joined the orchestra in March 2008.",
    "She asked them to like, comment and subscribe, as everybody did then.",
    "The previous 3 concerts were given next door.",
]


@pytest.mark.parametrize("line", FURNITURE)
def test_furniture_of_forums_wikis_and_videos_is_boilerplate(line):
    assert junk_kind(line) == "boilerplate"


@pytest.mark.parametrize("line", PROSE_LIKE_IT)
def test_prose_with_the_words_of_such_furniture_stays(line):
    assert junk_kind(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "Your privacy matters: we and our 764 partners store information on a device.",
        'Click "Agree" to consent or "Manage options" to object.',
        "To continue reading this article, please subscribe or log in.",
        "Already a subscriber? Sign in.",
        "Try one month for $1.",
        "You are using an outdated browser. Please upgrade your browser to go on.",
        "« Previous 1 2 3 4 5 ... 27 Next »",
        "← Previous post: Ten records for winter",
        "Next post: The year in reissues →",
        "Your email address will not be published. Required fields are marked *",
        "Print | E-mail | Text size A A A",
        "Share this: Facebook Twitter Pinterest WhatsApp Email Print",
        "Continue reading below",
        "Submit Corrections",
        "See upcoming concerts - Get tickets as low as $38",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
        "Digitized by Google",
    ],
)
def test_furniture_of_newspapers_and_blogs_is_boilerplate(line):
    assert all(piece.kind == "boilerplate" for piece in segment(line)), segment(line)


@pytest.mark.parametrize(
    "sentence",
    [
        "To continue reading the score, he put on his glasses.",
        "He was already a member, and signed in at the door.",
        "The previous post was held by Salieri.",
        "Next article: the fugue, of which more below.",
        'The printer wrote "Lorem ipsum dolor sit amet" where the text would stand.',
        "You are using an old edition.",
        "The letters were digitized by Google in 2006, and the library keeps them.",
        "Prints, shares and e-mails are counted.",
        "Try one month of practice before you judge.",
        "Previous 19 concerts had been sold out.",
    ],
)
def test_prose_that_begins_like_furniture_stays(sentence):
    assert [piece.kind for piece in segment(sentence)] == [None]


# prose that begins with the words of an interface, or stands behind them without a full stop
LIKE_INTERFACE = [
    "This article was reviewed at length by Tovey in 1911, who called it the best account "
    "of the sonata.",
    "This site was last modified in the fourth century, when a basilica was built over the baths.",
    "This entry was edited out of the second edition of the dictionary, since the "
    "composer had never lived.",
    "Last edited by Tausig in 1871, the studies were reissued by Peters.",
    "Last updated for the revival of 1846, the score has two new arias for the tenor.",
    "Your browser does not need a plug-in to play MIDI files, since the Web Audio "
    "interface makes the sound itself.",
    "You are here: that is all I ask, and the rest may wait until the morning.",
    "© 1923 by Carl Fischer; the copyright was later assigned to Boosey and Hawkes, who "
    "reprinted the score in 1951.",
    "Digitized by the Internet Archive in 2011, the autograph can be read by everyone.",
    "This site uses cookies After this line stands one more line of prose.",
    "Digitized by Google, the scores fill ten shelves.",
    "Last modified in 1820, the organ has two manuals.",
    "This article was reviewed by Tovey in 1911.",
    "Follow us on Facebook The second act opens with a storm at sea.",
    "Subscribe to our newsletter The opera is in three acts and lasts two hours.",
    "This page was edited out of the score by the censor.",
    "(c) 1911 is written under the title in his own hand, which proves the date.",
    "Last reviewed in 1911, it pleased the critics.",
    "Follow us on Twitter was the title of the second chapter.",
    "Subscribe to our newsletter was all that the singer said.",
]


@pytest.mark.parametrize("sentence", LIKE_INTERFACE)
def test_the_opening_of_an_interface_cuts_no_prose(sentence):
    assert [piece.kind for piece in segment(f"{sentence}\nThe organ sounded.")] == [None, None]


@pytest.mark.parametrize(
    "line",
    [
        "This page was last edited on 5 June 2021, at 12:10 (UTC).",
        "Last updated: May 12, 2021, 10:32 pm",
        "Last modified by admin on 3/4/2011",
        "Page last updated on Monday, 5 May 2014",
        "Last updated 2 hours ago",
        "This page was last modified",
        "Last edited: Sun Oct 12, 2003 4:11 pm; edited 1 time in total",
        "You are here: Home > Music > Bach",
        "You are here: Articles",
        "© 1996-2014 The Board of Trustees of the University of Illinois",
        "This site uses cookies Accept",
        "We use cookies to give you the best experience on our site, which are small files.",
        "Your browser does not support the audio element.",
        "Digitized by the Internet Archive in 2011 with funding from the University of Toronto",
    ],
)
def test_wordings_of_an_interface_go_however_they_go_on(line):
    assert {piece.kind for piece in segment(line)} == {"boilerplate"}


@pytest.mark.parametrize("gap", ["\n", "\n ", "\r\n", " "])
def test_the_time_of_a_text_that_ends_in_white_space_grows_with_its_length(gap):
    assert segment(f"We use cookies.\n{'The organ sounded.' + gap:s}" + gap * 20_000)[0].kind


# --- wordings of pages as they are, with their question marks, colons and arrows ------------------


@pytest.mark.parametrize(
    "line",
    [
        "By clicking “Accept All”, you consent to the use of ALL the cookies.",
        "By continuing to browse you agree to our use of cookies.",
        "Strictly necessary cookies are always enabled.",
        "Accept all cookies | Reject all | Cookie settings",
        "Manage consent",
        "Home » Composers » Bach » Cantatas",
        "Home → Library → Scores",
        "Forgot your password?",
        "Get the latest music news delivered to your inbox.",
        "Join 12,345 other subscribers",
        "No spam, unsubscribe anytime.",
        "Continue reading “Ten records for winter” →",
        "View all 23 comments",
        "Save my name, email, and website in this browser for the next time I comment.",
        "Proudly powered by WordPress | Theme: Twenty Twelve",
        "This post may contain affiliate links.",
        "As an Amazon Associate we earn from qualifying purchases.",
        "Related posts:",
        "Tags: free jazz, avant-garde, new york",
        "Posted in Reviews | Tagged jazz, live | 3 Comments",
        "JavaScript is disabled in your browser.",
        "Page 1 of 23",
        "Add to favourites",
        "Stream on Apple Music | Spotify | Deezer",
        "Report an error on this page",
        "Share this article with your friends",
    ],
)
def test_more_wordings_of_pages_are_boilerplate(line):
    text = f"The organ sounded.\n{line}\nThe organ sounded."
    kinds = [piece.kind for piece in segment(text)]
    assert kinds == [None, *["boilerplate"] * (len(kinds) - 2), None]
    assert may_be_junk(text)


@pytest.mark.parametrize(
    "sentence",
    [
        "Report a problem with the pedal to the tuner.",
        "Share this story with your pupils before they hear the ballad.",
        "By clicking the heels the dancers mark the beat.",
        "By continuing to play after the applause he broke the custom.",
        "Get the latest news from your sister, he wrote.",
        "Continue reading the figured bass until the cadence.",
        "View all 24 preludes as one cycle.",
        "Home key > dominant > home key",
        "Page 2 of 3 is blotted with wine.",
        "Listen to the horn on Spotify or on disc.",
        "Tags: short codas, added by the quartet when the song had ended.",
        "Related posts were held by his sons.",
        "Reading time: 4 minutes were given to each candidate at the examination.",
    ],
)
def test_prose_beside_those_wordings_stays(sentence):
    text = f"The organ sounded.\n{sentence}\nThe organ sounded."
    assert {piece.kind for piece in segment(text)} == {None}


def test_a_call_behind_spam_goes_with_it_and_one_behind_prose_stays():
    text = (
        f"The album cost little. Order now. {SPAM} Order today! shop.example/t The hall was full."
    )
    kinds = [(text[s.start : s.end].strip(), s.kind) for s in segment(text)]
    assert kinds[:2] == [("The album cost little.", None), ("Order now.", None)]
    assert [kind for _, kind in kinds[2:]] == ["spam", "spam", "spam", None]
