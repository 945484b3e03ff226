"""Plain words for the stages of the pipeline, kinds of text, and reasons to drop a document."""

STAGES = {
    "read": "reading",
    "classify": "music or not",
    "clean": "cleaning",
    "exact_duplicates": "exact copies",
    "near_duplicates": "near copies",
    "contained": "texts inside other texts",
    "mask": "masking of personal data",
    "decontaminate": "questions of the benchmark",
    "pipeline": "the whole pipeline",
}
KINDS = {
    "fact": "true statement",
    "wrong_fact": "false statement",
    "rumour": "rumour, the same on many sites",
    "pii": "personal data",
    "noise": "noise",
    "boilerplate": "boilerplate",
    "spam": "advertising",
    "mojibake": "broken characters",
    "other": "other text",
    "off_domain": "not about music",
}
REASONS = {
    **KINDS,
    **dict.fromkeys(("dup_line_frac", "dup_line_char_frac", "char_dup_ratio"), "repeated lines"),
    **dict.fromkeys(("dup_para_frac", "dup_para_char_frac"), "repeated paragraphs"),
    **dict.fromkeys(("top_2_gram", "top_3_gram", "top_4_gram"), "one phrase again and again"),
    **dict.fromkeys(("list_ratio", "gopher_too_many_bullets"), "mostly a list"),
    "gopher_short_doc": "too short",
    "gopher_long_doc": "too long",
    "gopher_below_avg_threshold": "words too short",
    "gopher_above_avg_threshold": "words too long",
    "gopher_too_many_hashes": "too many # signs",
    "gopher_too_many_ellipsis": "too many ellipses",
    "gopher_below_alpha_threshold": "too few words with letters",
    "gopher_enough_stop_words": "no English function words",
    "line_punct_ratio": "few lines that end like sentences",
    "short_line_ratio": "mostly short lines",
}


def told(stage: str, reason: str) -> str:
    """A reason with the stage that has it, which is left out where both share a word.

    >>> told("clean", "dup_line_frac")
    'cleaning: repeated lines'
    >>> told("classify", "off_domain")
    'not about music'
    """
    reason = REASONS.get(reason.replace(" ", "_"), reason.replace("_", " "))
    named = STAGES.get(stage, stage.replace("_", " "))
    both = set(reason.split()) & set(named.split())
    return reason if any(len(word) > 3 for word in both) else f"{named}: {reason}"
