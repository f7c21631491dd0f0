// The first file of Transport.
