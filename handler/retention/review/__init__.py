"""What Apple's review says of each message and image, and the row that keeps it."""
