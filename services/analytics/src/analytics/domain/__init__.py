"""What may be shown, and what it means: pure functions over counts."""
