"""Floor 6: HTTP and WebSocket edges."""
