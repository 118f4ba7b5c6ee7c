"""Sessions owns relationships, goals, meetings, feedback and their private words.

Hears: matches (activated, ended), employees (activated, departed, erased) and programmes.
Says: what happened between the members of a relationship, in ids, codes, times and scores. The words never leave.
"""
