// The tests of Hashing.
