"""How a process runs: its settings file, its signals, its word to systemd, its web server.

It knows nothing of readings: no other package of ours is imported here.
"""
