"""Of what inputs and settings the stored tables were made, and what changed since."""
