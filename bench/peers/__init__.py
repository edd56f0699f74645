"""What runs in a peer's own environment, one file a peer: none of it is imported by ours."""
