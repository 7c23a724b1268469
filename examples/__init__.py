"""Small agents that read like a page of a textbook, recorded with orbench."""
