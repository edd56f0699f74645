"""Live ends: sources and sinks on a network or a device, which break and come back."""
