"""The only room that speaks to the server: scripts, the wire format, and one typed function per transition."""
