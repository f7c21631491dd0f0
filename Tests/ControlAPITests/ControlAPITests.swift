// The tests of ControlAPI.
