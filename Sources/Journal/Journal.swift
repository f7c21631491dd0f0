// The first file of Journal.
