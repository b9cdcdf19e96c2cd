"""What every kind of the API has in common: addresses, representations, reads, writes, watches."""
