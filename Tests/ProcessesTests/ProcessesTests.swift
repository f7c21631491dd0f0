// The tests of Processes.
