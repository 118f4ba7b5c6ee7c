"""Peers: people matched among themselves, in pairs or with threes."""
