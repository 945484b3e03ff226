"""Tokens, models, losses, and the loss ratio that makes weights of them."""
