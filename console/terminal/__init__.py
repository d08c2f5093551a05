"""What every command needs: printing, failures, reading of files, words. Imports no other room."""
