"""What several benchmarks share: peers, servers, loads, agents."""
