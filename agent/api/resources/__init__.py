"""The kinds that the API serves: one declaration each, and what is special about it."""
