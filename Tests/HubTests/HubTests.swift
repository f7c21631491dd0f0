// The tests of Hub.
