"""What the commands that talk to a running agent have in common."""
