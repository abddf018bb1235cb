"""How it travels: batches and answers as bytes, replay, uplink and the live post; it keeps nothing itself."""
