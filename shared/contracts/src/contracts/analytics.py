"""What analytics says. Nothing yet: in this slice it only listens."""
