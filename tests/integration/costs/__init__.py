"""What work costs, in things that can be counted: no clock is looked at."""
