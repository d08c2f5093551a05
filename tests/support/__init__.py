"""What several tests build on: real parts, fakes, minted input, and ways to break things."""
