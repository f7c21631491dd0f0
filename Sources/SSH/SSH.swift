// The first file of SSH.
