"""The grader: what a reply is, which answer it gives, and whether that is the key."""
