"""`livematte bench`: speed, delay, memory and start-up on this machine."""
