// The first file of Arguments.
