"""How the fact tables are made and checked: tools for authors, not part of a run."""
