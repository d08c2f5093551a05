"""The sections of retention.yaml: each module reads some of them into entries and notes every mistake."""
