"""How it is kept: databases, streams with cursors, rows and gaps, and history by SQL."""
