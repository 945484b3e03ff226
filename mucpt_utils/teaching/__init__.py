"""What notebooks show, their interactive cells and exercises, and what runs them."""
