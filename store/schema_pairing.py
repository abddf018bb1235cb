"""The tables of pairings and of the tokens they gave, in words that SQLite and PostgreSQL both understand.

`{id}` stands for a key that the database counts up by itself.
"""

STATEMENTS: tuple[str, ...] = ()
