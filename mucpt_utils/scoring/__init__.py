"""Tokens, models, losses, and the loss ratio that turns them into weights."""
