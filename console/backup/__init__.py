"""An app's rows in a file, and back into a table."""
