"""Certificate chains (steps 3 and 4 of `jws`): which lead to a root of ours and sign data of the App Store."""
