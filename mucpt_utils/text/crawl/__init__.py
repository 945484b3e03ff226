"""What a crawl does to documents: flaws, each labelled, off-domain pages, copies."""
