// The tests of Settings.
