"""What a message is worth: from the lines of the log to an estimate, with what can be trusted of it."""
