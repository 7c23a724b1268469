"""Capture: what a run knows without being asked."""
