// The first file of HTTPServer.
