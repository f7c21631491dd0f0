// The first file of HTTPClient.
