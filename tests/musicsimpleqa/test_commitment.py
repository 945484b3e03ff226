"""What a reply commits to, by kinds: what models write around, before and behind their answers."""

from collections import defaultdict
from itertools import pairwise

import pytest
from signed_replies import GRADES

from mucpt_utils.musicsimpleqa.agreement import load_cases
from mucpt_utils.musicsimpleqa.grader import commitment
from mucpt_utils.musicsimpleqa.grader.answer_keys import key_of
from mucpt_utils.musicsimpleqa.grader.clauses import ANSWER, Marked
from mucpt_utils.musicsimpleqa.grader.commitment import NOTHING, ONE, SEVERAL, committed
from mucpt_utils.musicsimpleqa.grader.replies import own_words
from mucpt_utils.musicsimpleqa.grading import grade
from mucpt_utils.musicsimpleqa.questions import load_questions

QUESTIONS = {
    "creep": ("Which artist or band recorded the song Creep?", "Radiohead", "group", "Creep"),
    "android": ("On which album did the song Paranoid Android appear?", "OK Computer", "title", ""),
    "tosca": ("In which city was the opera Tosca first performed?", "Rome", "place", "Tosca"),
    "walküre": ("In which city was Die Walküre first performed?", "Munich", "place", "Die Walküre"),
    "eminem": ("In which city or town was Eminem born?", "St. Joseph", "place", "Eminem"),
    "utero": ("Who produced the album In Utero?", "Steve Albini", "person", "In Utero"),
    "eurovision": ("Which country won the contest of 2012?", "Sweden", "place", ""),
    "sabbath": ("Which city does Black Sabbath come from?", "Birmingham", "place", "Black Sabbath"),
    "queen": ("Which band recorded Bohemian Rhapsody?", "Queen", "group", "Bohemian Rhapsody"),
    "wizard": ("Which band recorded Pinball Wizard?", "The Who", "group", "Pinball Wizard"),
    "norah": ("Which song won Record of the Year in 2003?", "Don't Know Why", "title", ""),
    "sonata": ("In which key is the sonata?", "A minor", "term", ""),
    "quartet": ("Which work won in 1960?", "String Quartet No. 2", "title", ""),
    "fifth": ("What is the opus number of the Fifth Symphony?", "Op. 67", "term", ""),
    "moonlight": ("What is the opus number of the sonata?", "Op. 27 No. 2", "term", ""),
    "signature": ("Which key signature does G-flat major have?", "six flats", "term", ""),
    "king": ("Which instrument is B.B. King known for?", "guitar", "term", "B.B. King"),
    "teen": ("On which album is Come as You Are?", "Nevermind", "title", "Come as You Are"),
    "debby": ("Who recorded Waltz for Debby?", "The Bill Evans Trio", "group", "Waltz for Debby"),
    "concerto": ("Who composed the concerto?", "Sergei Rachmaninoff", "person", ""),
    "origin": ("From which country does the Clavinet come?", "Germany", "place", "Clavinet"),
    "doggystyle": ("Who released Doggystyle?", "Snoop Dogg", "person", "Doggystyle"),
    "released": ("In what year was the song released?", "1991", "year", "Creep"),
    "major": ("In which key is the concerto?", "E minor", "term", ""),
    "strings": ("How many strings does a cello have?", "4", "number", ""),
    "hardy": ("Which singer or group sang Soleil?", "Françoise Hardy", "group", "Soleil"),
    "iolanta": (
        "Who wrote the libretto of Tchaikovsky's Iolanta?",
        "Modest Tchaikovsky",
        "person",
        "",
    ),
    "engels": ("In which town was Schnittke born?", "Engels", "place", "Schnittke"),
    "dafne": (
        "Whose composition is the opera La Dafne (1598)?",
        "Jacopo Peri",
        "person",
        "the opera La Dafne (1598)",
    ),
    "akhnaten": (
        "In which city was Philip Glass's Akhnaten first performed?",
        "Stuttgart",
        "place",
        "Philip Glass's Akhnaten",
    ),
    "third": (
        "What is the opus number of Rachmaninoff's Piano Concerto No. 3?",
        "Op. 30",
        "term",
        "Rachmaninoff's Piano Concerto No. 3",
    ),
    "lalo": (
        "In which key is the second movement of Lalo's Symphonie espagnole?",
        "G major",
        "term",
        "Lalo's Symphonie espagnole",
    ),
    "grace": ("Who produced Jeff Buckley's album Grace?", "Andy Wallace", "person", "Grace"),
    "half": ("Which word do the British use for the half note?", "minim", "term", "the half note"),
    "rhenish": (
        "What is the opus number of the Rhenish Symphony?",
        "Op. 97",
        "term",
        "Rhenish Symphony",
    ),
    "walküre year": ("In what year was Die Walküre first given?", "1870", "year", "Die Walküre"),
    "allen": ("In which city was Geri Allen born?", "Pontiac", "place", "the pianist Geri Allen"),
    "cello": (
        "Which soloist first played the concerto?",
        "Mstislav Rostropovich",
        "person",
        "",
    ),
    "salvador": ("In which city was Gal Costa born?", "Salvador", "place", "Gal Costa"),
    "tritone": ("How many semitones does the augmented fourth span?", "6", "number", ""),
    "stalker": ("Who composed the score of Stalker?", "Eduard Artemyev", "person", "Stalker"),
    "gould": ("In what year was Glenn Gould born?", "1932", "year", "Glenn Gould"),
    "pulitzer": (
        "Which composer won the 2016 Pulitzer Prize for Music?",
        "Henry Threadgill",
        "person",
        "2016 Pulitzer Prize for Music",
    ),
    "contest": (
        "Which country won the Eurovision Song Contest 2012?",
        "Sweden",
        "place",
        "Eurovision Song Contest 2012",
    ),
    "blink": ("Which band made Dude Ranch?", "Blink-182", "group", "Dude Ranch"),
    "label": ("Which record label put out Oracle?", "Windham Hill Records", "term", "Oracle"),
    "guyville": (
        "Which artist or band released Exile in Guyville?",
        "Liz Phair",
        "person",
        "Exile in Guyville",
    ),
    "piano": ("Who invented the piano?", "Bartolomeo Cristofori", "person", "the piano"),
    "estonia": ("Which country won the contest of 2001?", "Estonia", "place", ""),
    "fourth": ("What is the subdominant key of D major?", "G major", "term", ""),
    "grammy": ("Whose album won the Grammy Award in 2011?", "Arcade Fire", "group", ""),
    "metallica": (
        "Which singer is known for fronting the band Metallica?",
        "James Hetfield",
        "person",
        "Metallica",
    ),
}
CASES = {
    "keys that begin with A": [
        ("sonata", "C minor", "-"),
        ("sonata", "A minor", "+"),
        ("sonata", "a minor", "+"),
        ("sonata", "in A minor.", "+"),
        ("sonata", "A-flat minor", "-"),
        ("sonata", "It is in a minor key.", "0"),
    ],
    "a name before the key": [
        ("tosca", "Puccini's Tosca premiered in Rome.", "+"),
        ("tosca", "Puccini's Tosca premiered in Milan.", "-"),
        ("eminem", "Marshall Bruce Mathers III, known as Eminem, was born in St. Joseph.", "+"),
        ("android", '"Paranoid Android" by Radiohead appeared on their album *OK Computer*.', "+"),
        ("android", '"Paranoid Android" by Radiohead appeared on their album *Kid A*.', "-"),
        ("creep", "According to Wikipedia, it is Radiohead.", "+"),
        ("creep", "According to Rolling Stone, it is Coldplay.", "-"),
        ("utero", "Nirvana's In Utero was produced by Steve Albini.", "+"),
        ("utero", "With Kurt Cobain in charge of the songs, In Utero had Steve Albini.", "+"),
    ],
    "second thoughts": [
        ("creep", "Radiohead. Actually, I think it was Coldplay.", "-"),
        ("creep", "Coldplay. Actually, I think it was Radiohead.", "+"),
        ("creep", "Radiohead. Let me correct myself: Coldplay.", "-"),
        ("creep", "It's Radiohead... Hmm, no. Coldplay.", "-"),
        ("released", "It's 1991... Hmm, no. 1992.", "-"),
        ("released", "1992, no sorry, I mean 1991.", "+"),
        ("walküre", "Initially I thought of Bayreuth, but Die Walküre premiered in Munich.", "+"),
        ("walküre", "Initially I thought of Munich, but Die Walküre premiered in Bayreuth.", "-"),
        ("creep", "Radiohead. Actually, the song came out in 1992.", "+"),
        ("creep", "Radiohead. Wait, that's wrong.", "-"),
        ("creep", "It might be Coldplay. Final answer: Radiohead", "+"),
    ],
    "denials": [
        ("wizard", "It was The Who, not The Kinks.", "+"),
        ("wizard", "It was The Kinks, not The Who.", "-"),
        ("queen", "It isn't Yes, it's Queen.", "+"),
        ("queen", "It isn't Queen, it's Yes.", "-"),
        ("queen", "It is not by Abba, that much I know.", "0"),
        ("teen", "The song isn't on Bleach or on In Utero; it's on Nevermind.", "+"),
        ("origin", "It does not come from Germany, it comes from Italy.", "-"),
    ],
    "titles that read as refusals": [
        ("norah", "Don't Know Why", "+"),
        ("norah", "It was Don't Know Why by Norah Jones.", "+"),
        ("norah", "I don't know.", "0"),
        ("norah", "Not Ready to Make Nice", "-"),
    ],
    "two clauses, one asked": [
        ("utero", "Albini recorded it, but the producer credited is Butch Vig.", "-"),
        ("utero", "Butch Vig produced Nevermind; In Utero was produced by Steve Albini.", "+"),
        ("eminem", "He grew up in Detroit, but was born in St. Joseph.", "+"),
        ("eminem", "He grew up in St. Joseph, but was born in Detroit.", "-"),
        ("released", "It was recorded in 1990 and released in 1991.", "+"),
        ("released", "It was recorded in 1991 and released in 1992.", "-"),
    ],
    "lists": [
        ("eurovision", "Norway, Denmark, Sweden, Finland", "-"),
        ("eurovision", "Sweden, Norway", "-"),
        ("creep", "Radiohead\nColdplay\nMuse", "-"),
        ("creep", "1. Radiohead\n2. Coldplay", "-"),
        ("creep", "Radiohead; Coldplay", "-"),
        ("king", "the guitar and the piano", "-"),
        ("debby", "The Bill Evans Trio (Bill Evans, Scott LaFaro and Paul Motian)", "+"),
    ],
    "places": [
        ("sabbath", "Aston, Birmingham", "+"),
        ("sabbath", "Birmingham, England", "+"),
        ("sabbath", "Birmingham, Alabama", "-"),
        ("origin", "Trossingen, Germany", "+"),
        ("origin", "Deutschland", "+"),
        ("tosca", "Roma", "+"),
    ],
    "refusals in other words": [
        ("creep", "Sorry, that's outside my knowledge.", "0"),
        ("creep", "I don't want to guess.", "0"),
        ("creep", "The name escapes me.", "0"),
        ("strings", "I'd need to look that one up.", "0"),
        ("creep", "That's beyond what I know.", "0"),
        ("creep", "I'd have to think about this. Pass!", "0"),
        ("creep", "I don't know. Maybe Radiohead?", "+"),
        ("creep", "I can't say who recorded it. Try asking a fan of David Bowie.", "0"),
        ("creep", "You are asking which band recorded the song Creep.", "0"),
    ],
    "refusals in other languages": [
        ("creep", "Ich weiß nicht, vielleicht Radiohead?", "+"),
        *(("creep", reply, "0") for reply in ("Keine Ahnung, tut mir leid.", "Je ne sais pas.")),
        *(("creep", reply, "0") for reply in ("Lo siento, no tengo esa información.", "Nevím.")),
        *(("creep", reply, "0") for reply in ("Não sei responder.", "Я не знаю.", "Nem tudom.")),
        *(("creep", reply, "0") for reply in ("Désolé, je n'en ai aucune idée.", "Désolé.")),
        *(("creep", reply, "0") for reply in ("抱歉，我不知道。", "Das weiß ich leider nicht.")),
        ("android", "Keine Ahnung", "0"),
        ("creep", "Lo siento, fue Coldplay.", "-"),
        ("creep", "What nationality is the band that you mean?", "0"),
    ],
    "one of two": [
        ("creep", "Coldplay or Radiohead? The latter.", "+"),
        ("creep", "Radiohead or Coldplay? The latter.", "-"),
        ("tosca", "Milan or Rome? Definitely the second one.", "+"),
        ("creep", "~~Coldplay~~ Radiohead", "+"),
        ("creep", "~~Radiohead~~ Coldplay", "-"),
        ("creep", "| Song | By |\n|--|--|\n| Yellow | Coldplay |\n| Creep | Radiohead |", "+"),
        ("creep", "| Song | By |\n|--|--|\n| Just | Radiohead |\n| Creep | Coldplay |", "-"),
    ],
    "tells of the subject only": [
        ("android", "It was on Radiohead's third album.", "0"),
        ("utero", "It was Butch Vig; Steve Albini played no part in it.", "-"),
        ("tosca", "At Rome's Teatro Costanzi.", "+"),
    ],
    "two works, one asked": [
        ("android", "The Bends, then OK Computer", "-"),
        ("utero", "Steve Albini produced Surfer Rosa; In Utero was produced by Butch Vig.", "-"),
        (
            "utero",
            "Although Butch Vig had produced Nevermind, Steve Albini was hired for In Utero.",
            "+",
        ),
        ("major", "G major (relative minor: E minor)", "-"),
    ],
    "in words and other languages": [
        ("released", "ninety-one", "+"),
        ("released", "ninety-two", "-"),
        ("king", "die Gitarre", "+"),
        ("king", "la guitare", "+"),
        ("king", "das Klavier", "-"),
        ("major", "The finale is in G, the concerto in E.", "-"),
    ],
    "notation": [
        ("fifth", "Opus No. 67", "+"),
        ("fifth", "Its opus number is 67.", "+"),
        ("moonlight", "Opus 27, Number 2", "+"),
        ("moonlight", "Op. 27/2", "+"),
        ("moonlight", "Op. 27", "-"),
        ("signature", "6♭", "+"),
        ("signature", "six sharps", "-"),
        ("quartet", "String Quartet #2", "+"),
        ("major", "e-Moll", "+"),
        ("major", "mi mineur", "+"),
        ("major", "E-Dur", "-"),
    ],
    "a name inside a longer one": [
        ("king", "bass guitar", "-"),
        ("king", "the electric guitar", "+"),
        ("teen", "Never Mind the Bollocks", "-"),
        ("queen", "Queensrÿche", "-"),
    ],
    "names": [
        ("concerto", "Rachmaninow", "+"),
        ("concerto", "Sergej Rachmaninov", "+"),
        ("concerto", "Rakhmaninov", "+"),
        ("doggystyle", "Snoop", "-"),
        ("creep", "Thom Yorke", "-"),
    ],
    "base models run on": [
        ("creep", "Coldplay\n\nQuestion: Which band recorded Creep?\nAnswer: Radiohead", "-"),
        ("creep", "Radiohead\n\nQuestion: Which band recorded Fix You?\nAnswer: Coldplay", "+"),
        ("creep", "Coldplay\n\nQ: Who?\nA: Radiohead", "-"),
        ("creep", "Coldplay\nUser: Are you sure?\nAssistant: No, it is Radiohead.", "-"),
        ("creep", "Radiohead<|im_end|>\n<|im_start|>user\nAnd Fix You?", "+"),
        ("creep", "\n\nQuestion: Which band recorded Just?\nAnswer: Radiohead", "0"),
    ],
    "replies of real small models": [
        ("creep", "Radiohead\nAnswer: Coldplay", "+"),
        ("released", " 1992.\n\nAnswer: 1991", "-"),
        ("creep", "\n\nAnswer:\n\nAnswer:\n\nAnswer:", "0"),
        ("creep", 'The band has released a song called "Creep" in the past.', "0"),
        ("sonata", "The sonata is a quintessential example of Baroque music.", "0"),
        ("fifth", "The opus number of the Fifth Symphony is 67.", "+"),
        ("major", "It is in E minor, a major work of its time.", "+"),
        ("utero", "In Utero is an album by Nirvana.", "0"),
        ("android", "It's by Radiohead.", "0"),
        ("android", "1. OK Computer\n2. OK Computer\n3. OK Compu", "+"),
    ],
    "chat": [
        ("creep", "Sure! Here's the answer:\n\n**Radiohead**", "+"),
        ("creep", "**Answer:**\n\nRadiohead", "+"),
        ("creep", "### Answer\nRadiohead", "+"),
        ("creep", "### Answer\nColdplay", "-"),
        ("creep", "| Song | Artist |\n|---|---|\n| Creep | Radiohead |", "+"),
        ("creep", "- **Song:** Creep\n- **Artist:** Radiohead\n- **Label:** Parlophone", "+"),
        ("creep", '```json\n{"answer": "Radiohead"}\n```', "+"),
        ("released", '{"band": "Radiohead", "released": 1991, "confidence": 0.9}', "+"),
        ("creep", "The answer is $\\boxed{\\text{Radiohead}}$.", "+"),
    ],
    "thoughts": [
        ("creep", "<think>Coldplay? No.</think>Radiohead", "+"),
        ("creep", "It could be Radiohead.\n</think>\n\nColdplay", "-"),
        ("creep", "<thinking>Coldplay?</thinking>\nRadiohead", "+"),
        ("creep", "<think>It is Radiohead, I am sure, because", "0"),
        (
            "creep",
            "<|channel|>analysis<|message|>Coldplay?<|end|><|start|>assistant"
            "<|channel|>final<|message|>Radiohead",
            "+",
        ),
        ("creep", "<answer>Radiohead</answer>", "+"),
    ],
    "as people write": [
        ("creep", "Radiohead, but I could be wrong.", "+"),
        ("creep", "Don't quote me on this, but Radiohead.", "+"),
        ("creep", "Was it Radiohead? Yes, I'm pretty sure it was.", "+"),
        ("creep", "Could be Radiohead, could be Muse, I can't decide.", "-"),
        ("creep", "I have no idea who Radiohead are, so I can't say.", "0"),
        ("creep", "It's by a British band from Oxfordshire: Radiohead.", "+"),
        ("creep", "Radiohead (not Coldplay, as is sometimes claimed)", "+"),
        ("creep", "Thom Yorke's band, Radiohead.", "+"),
        (
            "creep",
            "The Hollies sued over it; the song itself was recorded by Stone Temple Pilots.",
            "-",
        ),
        ("creep", "Not sure, sorry. The only Creep I know is by TLC.", "-"),
        ("creep", "That would be none other than Radiohead", "+"),
        ("creep", "radiohead, obviously", "+"),
        ("creep", "RADIOHEAD!!!", "+"),
        ("creep", "Radio Head", "+"),
        ("creep", "I'd say Radiohead; others might say Coldplay.", "+"),
        ("creep", "Radiohead and nobody else.", "+"),
        ("creep", "No one knows.", "0"),
        ("creep", "My training data doesn't cover this.", "0"),
        ("creep", "That information isn't something I have.", "0"),
        ("creep", "I'm drawing a blank here.", "0"),
        ("creep", "You've stumped me.", "0"),
        ("creep", "I cannot provide an answer with confidence.", "0"),
        ("creep", "I'm just a language model and can't listen to music.", "0"),
        ("creep", "Let me think... I really am not certain about that one.", "0"),
        ("creep", "I give up.", "0"),
        ("creep", "No clue, maybe google it?", "0"),
        ("creep", "TBD", "0"),
        ("creep", "I'll leave that to the experts.", "0"),
        ("creep", "It's on the tip of my tongue.", "0"),
        ("creep", "I wish I could tell you.", "0"),
        (
            "utero",
            "Steve Albini - he also recorded Pixies' Surfer Rosa, which Gil Norton did not.",
            "+",
        ),
        ("utero", "Albini, Steve", "+"),
        ("utero", "S. Albini", "+"),
        ("utero", "Steve", "-"),
        ("utero", "Scott Litt, who remixed two songs after Steve Albini's sessions.", "-"),
        ("utero", "Kurt Cobain asked Steve Albini to produce it.", "+"),
        ("tosca", "It was first staged at the Teatro Costanzi in Rome.", "+"),
        ("tosca", "Teatro Costanzi, Rome, Italy", "+"),
        ("tosca", "Milan (La Scala)", "-"),
        ("tosca", "Milan or Rome, one of the two", "-"),
        ("tosca", "Puccini was born in Lucca, and Tosca opened in Rome.", "+"),
        ("tosca", "The composer Giacomo Puccini saw it premiere in Rome in 1900.", "+"),
        ("tosca", "Rome, not Milan as most of his others", "+"),
        ("tosca", "Rome, Georgia", "-"),
        ("tosca", "Italy", "-"),
        ("tosca", "in the Italian capital, Rome", "+"),
        ("tosca", "Rom", "+"),
        ("eminem", "Born in St Joseph, raised in Detroit", "+"),
        ("eminem", "Saint Joseph, MO", "+"),
        ("eminem", "Detroit, Michigan", "-"),
        ("eminem", "He's usually associated with Detroit, yet his birthplace is St. Joseph.", "+"),
        ("released", "Released in '91", "+"),
        ("released", "1991 (recorded in 1990)", "+"),
        ("released", "September 1991", "+"),
        ("released", "The early 90s, I think 1991", "+"),
        ("released", "1991-92", "-"),
        ("released", "circa 1991", "+"),
        ("released", "It came out in 1992, a year after the album (1991).", "-"),
        ("released", "nineteen ninety-one", "+"),
        ("released", "In the year of our Lord 1991", "+"),
        ("released", "1993, wait, no: 1991", "+"),
        ("released", "Not 1990, not 1992: 1991", "+"),
        ("released", "about 30 years ago", "-"),
        ("sonata", "a-Moll", "+"),
        ("sonata", "Am", "+"),
        ("sonata", "A Minor (Op. 42)", "+"),
        ("sonata", "It starts in A minor and ends in A major.", "+"),
        ("sonata", "C major, the relative of A minor", "-"),
        ("sonata", "la mineur", "+"),
        ("sonata", "A", "-"),
        ("sonata", "key of a minor", "+"),
        ("signature", "6 flats (B, E, A, D, G, C)", "+"),
        ("signature", "Six flats: Bb, Eb, Ab, Db, Gb and Cb", "+"),
        ("signature", "5 flats", "-"),
        ("signature", "bbbbbb", "-"),
        ("king", "He plays guitar, specifically Gibson ES-355s named Lucille", "+"),
        ("king", "Lucille, his guitar", "+"),
        ("king", "vocals and guitar", "-"),
        ("king", "guitars", "+"),
        ("king", "harmonica", "-"),
        ("strings", "It has four: C, G, D and A.", "+"),
        ("strings", "4 strings", "+"),
        ("strings", "Four, like the violin and viola; a bass can have 5.", "+"),
        ("strings", "5 or 6", "-"),
        ("strings", "three or four", "-"),
        ("concerto", "Rachmaninoff (Rachmaninov)", "+"),
        ("concerto", "S. V. Rachmaninov", "+"),
        ("concerto", "Sergei Prokofiev", "-"),
        ("concerto", "Rachmaninoff's friend Medtner", "-"),
        ("doggystyle", "Snoop Dogg feat. Dr. Dre", "+"),
        ("doggystyle", "Dr. Dre produced it, Snoop Dogg released it.", "+"),
        ("queen", "Queen", "+"),
        ("queen", "It's by Queen, of course.", "+"),
        ("queen", "Freddie Mercury", "-"),
        ("queen", "Freddie Mercury's Queen", "+"),
        ("queen", "Yes, Queen.", "+"),
        ("queen", "Yes", "-"),
        ("wizard", "the who", "+"),
        ("wizard", "Who recorded it? The Who.", "+"),
        ("wizard", "The Who? No, Elton John.", "-"),
        ("wizard", "Who knows.", "0"),
        ("wizard", "Not the Who but Elton John", "-"),
        ("norah", "Maybe", "-"),
        ("norah", "Beautiful, I don't know why", "-"),
        ("norah", '"Don\'t Know Why"', "+"),
        ("norah", "I don't know why you ask.", "0"),
        ("norah", "Norah Jones's Don't Know Why", "+"),
        ("debby", "Bill Evans Trio", "+"),
        ("debby", "Bill Evans", "-"),
        ("debby", "Bill Evans with Scott LaFaro and Paul Motian", "-"),
        ("eurovision", "Sweden, ahead of Russia", "+"),
        ("eurovision", "Loreen with Euphoria, for Sweden", "+"),
        ("eurovision", "Sverige", "+"),
        ("eurovision", "Baku hosted it and Sweden won", "+"),
        ("eurovision", "Azerbaijan hosted, Sweden came second, Russia won", "-"),
        ("android", "Kid A (no, sorry, OK Computer)", "+"),
        ("android", "OK Computer OKNOTOK 1997 2017", "-"),
        ("android", "Ok computer", "+"),
        ("android", "It opens side two of OK Computer... I mean it's track two.", "+"),
        ("major", "E minor, Op. 64", "+"),
        ("major", "Mendelssohn's is in E minor", "+"),
    ],
    "what is of a country": [
        ("origin", "It's German.", "+"),
        ("origin", "The Clavinet is a German instrument of the sixties.", "+"),
        ("origin", "It is a Swiss instrument.", "-"),
    ],
    "a singer among bands": [
        ("hardy", "Hardy", "+"),
        ("hardy", "I think it is by F. Hardy.", "+"),
        ("hardy", "Oliver Hardy", "-"),
    ],
    "a family name that stands in the question": [
        ("iolanta", "Pyotr Ilyich Tchaikovsky", "-"),
        ("iolanta", "Modest Tchaikovsky", "+"),
    ],
    "a place under two names": [
        ("engels", "Pokrovsk (now Engels)", "+"),
        ("engels", "Pokrovsk, today's Saratov", "-"),
    ],
    "keys in other letters": [
        ("major", "ми минор", "+"),
        ("major", "ре минор", "-"),
        ("major", "e小调", "+"),
        ("major", "e-molli", "+"),
    ],
    "names by their sound": [
        ("utero", "Это Стив Албини.", "+"),
        ("utero", "Стив Лиллиуайт", "-"),
    ],
    "who did not do it": [
        ("utero", "Steve Albini turned it down and Butch Vig produced it.", "-"),
        ("utero", "Butch Vig declined; Steve Albini produced it.", "+"),
        ("tosca", "Rome gave the second performance, after Milan.", "-"),
    ],
    "what a page ends with": [
        ("creep", "Radiohead.\n\nTags: rock\n\nRelated: Coldplay – Yellow", "+"),
        ("creep", "Coldplay.\n\nTags: Radiohead", "-"),
    ],
    "left between many": [
        ("utero", "It could be one of several producers whom Geffen liked.", "0"),
    ],
    "another thing than the asked one": [
        ("released", "The album came out in 1990, the single in 1991.", "+"),
        ("creep", "Coldplay is on it, but the song was Radiohead's.", "+"),
    ],
    "each thing with its own answer": [
        ("dafne", "Peri wrote Euridice; La Dafne is Giulio Caccini's.", "-"),
        ("akhnaten", "Satyagraha opened in Rotterdam; Akhnaten at the Stuttgart opera.", "+"),
        ("akhnaten", "Satyagraha opened in Stuttgart; Akhnaten in Houston.", "-"),
        ("third", "No. 2 is Op. 18 and No. 3 is Op. 30.", "+"),
        ("third", "No. 2 is Op. 30 and No. 3 is Op. 40.", "-"),
        ("pulitzer", "2015 went to Julia Wolfe and 2016 to Henry Threadgill.", "+"),
        ("pulitzer", "2015 went to Henry Threadgill and 2016 to Julia Wolfe.", "-"),
        ("rhenish", "The Rhenish is Op. 38; Op. 97 belongs to the Fourth.", "-"),
        ("walküre year", "Rheingold 1869, Walküre 1870, Siegfried 1876", "+"),
        ("walküre year", "Rheingold 1870, Walküre 1876", "-"),
        ("contest", "2011 Sweden, 2012 Denmark, 2013 Austria", "-"),
        ("half", "A semibreve is a whole note, a minim a half note and a crotchet a quarter.", "+"),
        ("utero", "Nevermind's producer was Butch Vig, whereas In Utero's was Steve Albini.", "+"),
        ("half", "A minim is a whole note and a crotchet a half note.", "-"),
        ("lalo", "I. D minor; II. G major; III. A minor; IV. D minor", "+"),
        ("lalo", "I. G major; II. D major; III. A minor; IV. D minor", "-"),
    ],
    "other doings than the asked one": [
        ("grace", "Andy Wallace mixed it, and Jeff Buckley himself produced it.", "-"),
        ("grace", "Andy Wallace had only advised; Steve Addabbo produced Grace.", "-"),
        ("grace", "Jeff Buckley produced Grace, without Andy Wallace.", "-"),
        ("grace", "Steve Addabbo, replacing Andy Wallace", "-"),
        ("grace", "Andy Wallace was in the room, but the producer was Steve Addabbo.", "-"),
        ("grace", "You'd expect Andy Wallace, yet it was Steve Addabbo.", "-"),
        ("allen", "She was born in Detroit; Pontiac is where she went to college.", "-"),
        ("tosca", "Milan got it first, then Rome.", "-"),
        ("utero", "Kurt Cobain asked Steve Albini, but in the end it was Butch Vig.", "-"),
        ("utero", "Kurt Cobain asked Butch Vig, but in the end it was Steve Albini.", "+"),
    ],
    "first and second": [
        ("contest", "Sweden's Loreen came second to Russia.", "-"),
        ("contest", "Russia's grannies came second, to Sweden.", "+"),
        ("contest", "It was the Swedish entry, Loreen's Euphoria.", "+"),
    ],
    "only known of": [
        ("stalker", "The same man who did Solaris, whose name I forget.", "0"),
        ("gould", "I only remember that he died in 1982.", "0"),
        ("utero", "One of those grunge producers; the name's gone.", "0"),
        ("utero", "The man who produced it? Search me.", "0"),
        ("creep", "No idea. I only know Yellow by Coldplay, and that isn't it.", "0"),
    ],
    "one value in several ways": [
        ("tritone", "It's three whole tones or six half steps.", "+"),
        ("gould", "Glenn Gould, 1932-1982, Canadian pianist.", "+"),
        ("gould", "Glenn Gould, 1930-1982, Canadian pianist.", "-"),
        ("signature", "It has a couple of flats.", "-"),
        ("released", "1992. Hmm, no, let me think... that was 1991.", "+"),
        ("blink", "Blink One Eighty-Two", "+"),
    ],
    "other spellings and forms": [
        ("stalker", "Edward Artemiev", "+"),
        ("dafne", "Iacopo Peri", "+"),
        ("salvador", "El Salvador", "-"),
        ("label", "Windham Hill", "+"),
        ("cello", "Mstislaw Rostropowitsch", "+"),
        ("lalo", "key of g", "+"),
        ("stalker", "A Russian, Eduard Artemyev", "+"),
    ],
    "declared, whatever it is": [
        ("guyville", "In 1993 the band Exile in Guyville released it.", "-"),
        ("guyville", "Exile in Guyville is a rock band.", "-"),
        ("guyville", "Exile in Guyville is a tribute to a band.", "0"),
        ("guyville", "The answer is: the album Exile in Guyville", "-"),
        ("guyville", "The answer is: The answer is: The answer is:", "0"),
        ("tosca", ":\n\nA: It opened in Rome.\n\nA: It opened in Milan.\n\nA: It opened in", "+"),
        ("tosca", ":\n\nA: It opened in Milan.\n\nA: It opened in Rome.", "-"),
        ("creep", ":\nA.\nB.\nC.\nD.\n\nAnswer:\nA.\nB.\nC.", "0"),
        ("pulitzer", "The 2016 Pulitzer Prize for Music is a kind of Heffler Award.", "0"),
    ],
    "a description before the name": [
        ("utero", "the guy from Big Black, Steve Albini", "+"),
        ("utero", "the guy from Big Black, Butch Vig", "-"),
        ("concerto", "the same man who wrote Aleko: S. Rachmaninoff", "+"),
        ("utero", 'Shellac\'s guitarist Steve "The Colonel" Albini', "+"),
        ("concerto", '"The Last Romantic", S. Rachmaninoff', "+"),
        ("wizard", "Roger Daltrey & the Who", "+"),
        ("wizard", "Elton John and Roger Daltrey", "-"),
    ],
    "gaps and shrugs": [
        ("creep", "none that I can name", "0"),
        ("creep", "[Band name]", "0"),
        ("released", "¯\\_(ツ)_/¯", "0"),
        ("creep", "The answer is: The song is: The song is: The song is: The song", "0"),
    ],
    "praise of the question": [
        ("grace", "Great question! Its warm sound was created by Andy Wallace. More?", "+"),
        ("grace", "Great question!", "0"),
    ],
    "whose it is": [
        ("creep", "Creep is Radiohead's 1992 Parlophone single.", "+"),
        ("piano", "Silbermann made harpsichords; the piano was Cristofori's idea.", "+"),
        ("piano", "Cristofori made harpsichords; the piano was Silbermann's idea.", "-"),
        ("grammy", "It went to The Suburbs (Arcade Fire).", "+"),
        ("grammy", "The Suburbs, by Arcade Fire.", "+"),
        ("grammy", "Recovery (Arcade Fire were nominated)", "-"),
    ],
    "another thing is told of it": [
        ("stalker", "The film was directed by Andrei Tarkovsky and stars Anatoly Solonitsyn.", "0"),
        ("stalker", "The film's director, Andrei Tarkovsky, wrote the music.", "-"),
        ("stalker", "The film Stalker was commissioned by the Royal Film Board in 1749.", "0"),
        ("android", "The song Paranoid Android is a song by the band The Beatles.", "0"),
        ("android", 'It is on the album "The Wall" by the band Pink Floyd.', "-"),
        ("metallica", "Metallica is an American heavy metal band with a famous singer.", "0"),
    ],
    "nations": [
        ("estonia", "The Estonians did, with Tanel Padar and Dave Benton.", "+"),
        (
            "origin",
            "The Clavinet is a traditional Indian instrument that is played with a bow.",
            "-",
        ),
    ],
    "one place or two": [
        ("tosca", "The 1890s in Rome, Italy, Italy", "+"),
        ("tosca", "Milan, then Rome", "-"),
    ],
    "a tonic alone": [
        ("fourth", "up a fourth from D, that's G", "+"),
        ("fourth", "Same as the relative of E minor: G.", "+"),
        ("fourth", "up a fifth from D, that's A", "-"),
        ("lalo", "I. D minor\nII. G major\nIII. A minor – A major", "+"),
        ("lalo", "I. G major\nII. D major\nIII. A minor – A major", "-"),
    ],
    "turned away from": [
        ("utero", "Steve Albini made it loud; the producer, though, was Butch Vig.", "-"),
        ("utero", "Butch Vig made it loud; the producer, though, was Steve Albini.", "+"),
        ("grace", "Andy Wallace had already left by then... I'd say Steve Addabbo.", "-"),
        ("third", "Op. 18, the other being Op. 30", "-"),
        ("hardy", "Jane Birkin, covering Françoise Hardy", "-"),
        ("label", "Windham Hill in America (Virgin/EMI in Europe)", "+"),
        ("label", "Windham Hill/Virgin", "-"),
    ],
    "a list and what it comes to": [
        ("released", "1989, 1990, 1991... of those, 1991.", "+"),
        ("contest", "Of Norway, Denmark and Sweden, it's Sweden.", "+"),
    ],
}


def asked(name):
    text, answer, kind, subject = QUESTIONS[name]
    return {"question": text, "answer": answer, "answer_type": kind, "subject": subject}


# what the grader does not get right yet: taken out of here when it does
NOT_YET = [
    ("eminem", "Detroit. He was born in St. Joseph, Missouri, but that's where he's from.", "-"),
    ("released", "1990 (released in 1991)", "-"),
    ("creep", "Radiohead or Coldplay? Surely the former!", "+"),
    ("creep", "<s>Radiohead</s> Coldplay", "-"),
]


@pytest.mark.xfail(
    strict=True, reason="the weights of the evidence do not decide these rightly yet"
)
@pytest.mark.parametrize(("name", "reply", "sign"), NOT_YET)
def test_what_the_grader_does_not_get_right_yet(name, reply, sign):
    assert grade(asked(name), reply).grade == GRADES[sign]


@pytest.mark.parametrize("kind", CASES)
def test_grades_by_kind(kind):
    wrong = [
        (name, reply, grade(asked(name), reply))
        for name, reply, sign in CASES[kind]
        if grade(asked(name), reply).grade != GRADES[sign]
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("name", "reply", "state", "text"),
    [
        ("creep", "I think it was Coldplay, in 1992.", ONE, "Coldplay"),
        ("creep", "Coldplay. No wait, Muse.", ONE, "Muse"),
        ("sabbath", "They are from Aston, Birmingham.", ONE, "Aston, Birmingham"),
        ("creep", "either Muse or Coldplay", SEVERAL, "either Muse or Coldplay"),
        ("creep", "No idea.", NOTHING, ""),
    ],
)
def test_the_span_is_found_whether_right_or_wrong(name, reply, state, text):
    found = committed(reply, asked(name))
    assert found.state == state and found.text.strip(" .") == text
    assert grade(asked(name), reply).committed == found.text


# right and wrong answers in the same frame, for every question: {k} the key, {x} another one's key
FRAMES = [
    ("It is {k}.", "+"),
    ("According to Wikipedia, it is {k}.", "+"),
    ("{k}. Actually, I think it was {x}.", "-"),
    ("{k}. Let me correct myself: {x}.", "-"),
    ("It's {k}... Hmm, no. {x}.", "-"),
    ("{x}\n\nQuestion: {q}\nAnswer: {k}", "-"),
    ("Sure! Here's the answer:\n\n**{k}**", "+"),
    ("Many people think it was {x}, but it was {k}.", "+"),
    ("It's {x}, not {k}.", "-"),
    ("Either {k} or {x}.", "-"),
    # the question repeated, sources, pictures, signs of right and wrong
    ('You asked: "{q}"\n\nAnswer: {k}', "+"),
    ("> {q}\n\n{k}", "+"),
    ("{k}\n\nSource: https://www.example.org/wiki/Some_Page (read today)", "+"),
    ("🤷 Beats me!", "0"),
    ("- {x} ✅\n- {k} ❌", "-"),
    ("| Candidate | Verdict |\n|---|---|\n| {x} | wrong |\n| {k} | right |", "+"),
    # options, lists and choices
    ("(a) {k} (b) {x} -- it's (b).", "-"),
    ("Option 1: {x}. Option 2: {k}. I choose option 2.", "+"),
    ("Of {x} and {k}, the last one is right.", "+"),
    ("{x}? {k}? I'd go with the latter.", "+"),
    ("It depends: under one reading it's {k}, under another it's {x}.", "-"),
    ("50% {k}, 50% {x}.", "-"),
    ("{x}. Or {k}. Take your pick.", "-"),
    # what is outweighed
    ("Everyone says {k}; everyone is wrong. {x}.", "-"),
    ("Contrary to what many sites claim ({x}), it is {k}.", "+"),
    ("If you'd asked about another I'd have said {k}, but here it's {x}.", "-"),
    ("One might say {k}, but one would be mistaken: {x}.", "-"),
    ("First I thought of {k}, then of others, but I settled on {x}.", "-"),
    ("I want to say {k}, but my gut says {x}.", "-"),
    ("{k} is what people answer. The truth is {x}.", "-"),
    # of less weight beside another answer
    ("{x}, led by a former member of {k}.", "-"),
    ("People mix it up with {k}; it's {x}.", "-"),
    ("It came out on a label founded by {x}; it is by {k}.", "+"),
    ("They wanted {x} but got {k}.", "+"),
    ("There was {k}, a version that was scrapped. {x}.", "-"),
    ("I'd have guessed {k}. It's {x}.", "-"),
    ("Had you asked about another, {k}; here, {x}.", "-"),
    ("You might think it's {k}. It's {x}.", "-"),
    ("I considered {k} but it's {x}.", "-"),
    ("{k} is tempting. {x}.", "-"),
    ("{k} lovers may disagree: {x}.", "-"),
    ("{k} made the next one; this is {x}.", "-"),
    ("Many played it, {k} among them. {x}.", "-"),
    # and of none alone
    ("{k} - no doubt about it.", "+"),
    ("{k} (no relation to the other one).", "+"),
    ("{k}, which is easy to get wrong.", "+"),
    ("{k} comes to mind.", "+"),
    ("Many sources say {k}.", "+"),
    ("Especially {k}.", "+"),
    ("No name comes to mind.", "0"),
    # said of the whole reply
    ("{x}. {k}. Both are possible.", "-"),
    ("It depends on whom you ask: {x}. {k}.", "-"),
    ("Some accounts give {x}; others give {k}.", "-"),
    ("One source says {x}, another {k}.", "-"),
    # denials
    ("It is missing from {k}; {x}.", "-"),
    ("{k} would be too obvious: {x}.", "-"),
    ("{x}, which is plainly wrong. {k}.", "+"),
    ("It's not the city in {k}, it's {x}.", "-"),
    ("It has to be {x}, since {k} can be ruled out.", "-"),
    ("No es {k}; la respuesta correcta es {x}.", "-"),
    ("{x} is tempting. It is a trap. Final: {k}.", "+"),
    ("The answer, after much thought: {x}. Sorry, {k} lovers.", "-"),
    # guesses beside a refusal, and none
    ("I can't verify this, but if I had to guess, I'd go with {x}.", "-"),
    ("Not sure, but it wasn't {k}. Perhaps {x}?", "-"),
    ("I used to know this one. Gone.", "0"),
    ("Next question, please.", "0"),
]


@pytest.mark.parametrize(("frame", "sign"), FRAMES)
def test_frames_hold_for_nearly_every_question(frame, sign):
    by_relation = defaultdict(list)
    for question in load_questions("test"):
        by_relation[question["fact_ids"][0].split(":")[1]].append(question)
    right = tried = 0
    pairs = [pair for group in by_relation.values() for pair in pairwise(group[:12])]
    for one, other in pairs:
        if one["answer"] == other["answer"] or other["answer"] in one["question"]:
            continue
        reply = frame.format(k=one["answer"], x=other["answer"], q=one["question"])
        tried += 1
        right += grade(one, reply).grade == GRADES[sign]
    assert tried > 30 and right / tried >= 0.98, f"{right} of {tried}"


def test_the_shortcut_for_plain_replies_finds_what_the_search_finds():
    plain = 0
    for case in load_cases():
        key = key_of(case)
        text = own_words(case["response"], case["question"])
        marked = Marked(*key.marked(text))
        answers = ANSWER.findall(marked.marks)
        if len(answers) == 1 and commitment.is_plain(marked.marks, key):
            plain += 1
            at = marked.marks.index(answers[0])
            found = commitment.choice(marked, key)
            assert found.state == ONE and marked.words_at(at, at + 1) in found.text, text
    assert plain > 300


@pytest.mark.parametrize(
    "unit", ["Pearl Jam. ", "[", "{", "\n\n- **Hole**", "a (b ", '"Live" ', "? "]
)
def test_long_replies_are_read_in_one_pass(unit):
    # with anything that grows by the square of the length this would take minutes
    assert grade(asked("creep"), unit * (64_000 // len(unit))).grade in GRADES.values()
