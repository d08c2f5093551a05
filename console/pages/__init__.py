"""What an owner can look at: every screen that a customer can be shown, on one self-contained page."""
