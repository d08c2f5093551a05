"""From the owner's retention.yaml to a release: read with its lines, checked completely, compiled into sheets."""
