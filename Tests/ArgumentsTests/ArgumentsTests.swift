// The tests of Arguments.
