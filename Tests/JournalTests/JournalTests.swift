// The tests of Journal.
