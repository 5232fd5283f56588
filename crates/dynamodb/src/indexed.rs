//! What is indexed: the last version of each stream.
