// The tests of Index.
