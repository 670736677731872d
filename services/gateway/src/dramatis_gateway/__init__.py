"""The five doors: HTTP, SSE and WebSocket."""
