// The first file of Settings.
