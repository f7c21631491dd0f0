// The first file of Hashing.
