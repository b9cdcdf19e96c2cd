"""What each field of a served kind is for: one TOML file for each module of `agent.model`."""
