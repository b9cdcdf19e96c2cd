"""The life of a pod: the effects behind the rules."""
