"""From raw documents to a corpus: classify, clean, de-duplicate, mask, decontaminate."""
