"""Facts, the wordings of their relations, and the roles that subjects play."""
