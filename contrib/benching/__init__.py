"""The parts of contrib/bench."""
