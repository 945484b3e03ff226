"""Documents: rendered from facts with the flaws of a crawl, or read from files and datasets."""
