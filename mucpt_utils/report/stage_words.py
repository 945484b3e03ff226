"""Plain words for stages of the pipeline and the study, kinds of text, and reasons to drop one."""

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
# what the study's stages leave; a stage whose name says it already is not listed
ARTEFACTS = {
    "world": "facts and the roles of their subjects",
    "base": "base model",
    "base_losses": "losses of the corpus under the base",
    "reference": "reference model",
    "reference_losses": "losses of the corpus under the reference model",
    "reference_text": "clean text that the reference model learns from",
    "reference_tokens": "the reference model's text, as tokens",
    "general_text": "text that the base learns from",
    "general_tokens": "the base's text, as tokens",
    "held_out_text": "text that no model is trained on",
    "music_held_out": "held-out text about music, as tokens",
    "general_held_out": "general held-out text, as tokens",
    "raw_corpus": "corpus as crawled",
    "corpus": "cleaned corpus",
    "domain_tokens": "cleaned corpus, as tokens",
    "everyday_text": "text about other subjects, for the classifier",
    "classifier": "domain classifier",
    "calibration_tokens": "text that sets the reference model's temperature, as tokens",
    "temperature": "the reference model's temperature",
    "tagger_text": "text that the tagger learns from",
    "tagger_tokens": "the tagger's text, as tokens",
    "tagger": "tagger of tokens that carry facts",
    "tags": "what the tagger says of the corpus",
    "sites_sample": "sample of the corpus by which its sites are rated",
    "base_losses_of_sites": "losses of that sample under the base",
    "reference_losses_of_sites": "losses of that sample under the reference model",
    "believed_sites": "documents of the sites that the ratio believes",
    "labels": "labels of the corpus's tokens",
    "examples": "examples shown before a question",
    "run": "training of an arm",
    "answers": "answers of an arm, graded",
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
