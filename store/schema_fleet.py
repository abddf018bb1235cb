"""The table of what each edge says of itself with its batches, in words that SQLite and PostgreSQL both understand."""

STATEMENTS: tuple[str, ...] = (
    # waiting: readings and changes that this cloud had not confirmed when the edge sent; NULL: it does not say
    "CREATE TABLE edges (site BIGINT NOT NULL, edge TEXT NOT NULL, version TEXT NOT NULL, waiting BIGINT,"
    " heard_ms BIGINT NOT NULL, PRIMARY KEY (site, edge))",
)
