"""orbench records reinforcement-learning runs, keeps them, finds them and compares them."""
