"""The commands, one module per group; `mentorship.cli` names them and imports only the one that runs."""
