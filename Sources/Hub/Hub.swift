// The first file of Hub.
