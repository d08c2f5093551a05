"""What every command prints with, ends with and reads files with. Imports no other room."""
