"""Client libraries against a running agent."""
