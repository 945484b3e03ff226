"""What notebooks show and play with, and what runs them."""
