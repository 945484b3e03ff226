"""What a crawl adds to documents: flaws, each labelled, off-domain pages, copies."""

from mucpt_utils.text.crawl.corpus import add_flaws
from mucpt_utils.text.crawl.pages import everyday_documents

__all__ = ["add_flaws", "everyday_documents"]
