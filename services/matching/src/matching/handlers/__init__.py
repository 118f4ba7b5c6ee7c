"""What matching does: one function per use case, each inside one transaction that is committed at the edge."""
