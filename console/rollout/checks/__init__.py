"""The checks of `retention doctor`, by what they examine; `console/rollout/doctor.py` lists them in their order."""
