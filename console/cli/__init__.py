"""The command line: each file holds the verbs of the room of its name. It reads options, calls the room and prints."""
