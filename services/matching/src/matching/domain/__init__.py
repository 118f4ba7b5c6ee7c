"""What matching decides, without IO, clock or chance: ids and `now` come in as arguments."""
