"""Which objects does a list, a watch or a selector mean? By labels, and by fields."""
