"""Everything outside: the database, mail, calendar files, words."""
