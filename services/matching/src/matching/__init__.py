"""Matching: owns employees on their day, programmes, participants, runs and matches; hears HR."""
