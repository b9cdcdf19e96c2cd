"""What is known: objects, events and those who watch them."""
