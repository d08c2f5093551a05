"""The In-App Purchase key: read from Parameter Store, and what it signs."""
