"""What sessions touches outside: its database and the keys of its notes."""
