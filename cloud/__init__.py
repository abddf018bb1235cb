"""The hosted site: takes the readings of many houses in and shows each to those who may see it."""
