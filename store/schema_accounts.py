"""The tables of the hosted site's accounts, in words that SQLite and PostgreSQL both understand.

`{id}` stands for a key that the database counts up by itself.
"""

STATEMENTS: tuple[str, ...] = ()
