"""Similar texts: MinHash signatures, works inside others, copies in pieces, differing facts."""
