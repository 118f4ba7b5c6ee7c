"""What sessions decides: pure, with the time and every id passed in."""
