"""Training of networks: the loop (torch, imported where used) and what it records."""
