"""App Review's state of each message and image: asked from Apple, and kept in the table."""
