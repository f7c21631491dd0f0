// The first file of Agent.
