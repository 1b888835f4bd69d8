"""Models: from features to logits.  The networks need torch and are imported where used."""
