// The tests of Agent.
