// The tests of SSH.
