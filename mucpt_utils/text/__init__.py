"""Documents: rendered from facts, flawed like a crawl, or read from files, books and datasets."""
