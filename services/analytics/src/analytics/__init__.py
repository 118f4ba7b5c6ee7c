"""Analytics: figures about programmes, computed from what the other services and HR say.

Owns: projections that can be dropped and rebuilt from the streams, and nothing that cannot.
Hears: everything. Says: nothing yet.
"""
