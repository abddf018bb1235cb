"""The tables of pairings and of the tokens they gave, in words that SQLite and PostgreSQL both understand.

`{id}` stands for a key that the database counts up by itself.
"""

STATEMENTS: tuple[str, ...] = (
    # A token is kept as the SHA-256 of itself, in hex; `replaces`: the token that ends when this one is first used.
    "CREATE TABLE tokens (id {id}, digest TEXT NOT NULL UNIQUE, site BIGINT NOT NULL, edge TEXT NOT NULL,"
    " account BIGINT, made_ms BIGINT NOT NULL, used_ms BIGINT, seen_ms BIGINT, address TEXT NOT NULL,"
    " replaces BIGINT, revoked_ms BIGINT)",
    "CREATE INDEX tokens_of_site ON tokens (site)",
    "CREATE INDEX tokens_in_place ON tokens (replaces)",
    # `device` is the SHA-256 of the device code; `denied` 0 or 1 once decided_ms is there.
    "CREATE TABLE pairings (id {id}, device TEXT NOT NULL UNIQUE, user_code TEXT NOT NULL UNIQUE,"
    " edge TEXT NOT NULL, version TEXT NOT NULL, address TEXT NOT NULL, made_ms BIGINT NOT NULL,"
    " expires_ms BIGINT NOT NULL, polled_ms BIGINT NOT NULL, decided_ms BIGINT, denied BIGINT NOT NULL,"
    " site BIGINT, account BIGINT, token BIGINT)",
    "CREATE INDEX pairings_by_expiry ON pairings (expires_ms)",
    # Codes that somebody entered lately: `who` is an account or an address.
    "CREATE TABLE pairing_tries (who TEXT PRIMARY KEY, tries BIGINT NOT NULL, since_ms BIGINT NOT NULL)",
)
