"""Calls: people before another background over WebRTC, for browsers, WHIP and WHEP."""
