// The first file of ControlAPI.
