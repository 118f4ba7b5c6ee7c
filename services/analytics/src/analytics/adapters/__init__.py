"""What analytics has to do with outside: its database."""
