"""How the fact tables are made and checked: tools of the authors, no part of a run."""
