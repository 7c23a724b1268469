"""Integrations: recording from the libraries people train with."""
