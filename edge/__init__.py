"""The Raspberry Pi in the house: lines in, readings on disk, pages on the LAN, rows out to the cloud."""
