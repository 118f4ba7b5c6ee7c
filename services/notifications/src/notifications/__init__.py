"""Tells people what concerns them, in their time zone, once.

Owns messages, preferences and an address directory; hears HR's addresses and what happens to matches,
relationships and sessions; says what became of each message.
"""
