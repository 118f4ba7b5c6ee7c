"""Decides who is told what, and whether it is still true: pure, without clock, chance or input and output."""
