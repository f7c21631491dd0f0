// The first file of Processes.
