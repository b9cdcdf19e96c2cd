"""Changes to objects as clients send them: JSON, merge and strategic merge patches, and apply."""
