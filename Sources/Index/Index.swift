// The first file of Index.
