"""What matching touches outside itself."""
