"""Pictures and clips matted by request: what a shop's system or the studio page asks for."""
