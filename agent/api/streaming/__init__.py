"""What kubectl wants to go on for a while: logs, exec, attach, cp, port-forward."""
