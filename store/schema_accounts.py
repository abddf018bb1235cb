"""The tables of the hosted site's accounts, in words that SQLite and PostgreSQL both understand.

`{id}` stands for a key that the database counts up by itself. Secrets are here as SHA-256 digests only.
"""

STATEMENTS: tuple[str, ...] = (
    # login: normalised, the name that logs in; shown: as its owner typed it
    "CREATE TABLE accounts (id {id}, login TEXT NOT NULL UNIQUE, shown TEXT NOT NULL, password TEXT NOT NULL,"
    " made_ms BIGINT NOT NULL)",
    # of an account, or of a share link that a browser opened
    "CREATE TABLE sessions (digest TEXT PRIMARY KEY, account BIGINT, share BIGINT, made_ms BIGINT NOT NULL,"
    " seen_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL, agent TEXT NOT NULL, address TEXT NOT NULL)",
    "CREATE INDEX sessions_by_account ON sessions (account, made_ms)",
    "CREATE INDEX sessions_by_share ON sessions (share, made_ms)",
    "CREATE INDEX sessions_by_end ON sessions (until_ms)",
    "CREATE TABLE members (account BIGINT NOT NULL, site BIGINT NOT NULL, role TEXT NOT NULL,"
    " since_ms BIGINT NOT NULL, PRIMARY KEY (account, site))",
    "CREATE INDEX members_by_site ON members (site, account)",
    # sites that accounts made themselves; those of the settings file have their titles there
    "CREATE TABLE homes (site BIGINT PRIMARY KEY, title TEXT NOT NULL, made_by BIGINT NOT NULL,"
    " made_ms BIGINT NOT NULL)",
    "CREATE INDEX homes_by_account ON homes (made_by)",
    # site 0: to the hosted site itself, with no role anywhere; made_by 0: from the command line
    "CREATE TABLE invitations (id {id}, digest TEXT NOT NULL UNIQUE, site BIGINT NOT NULL, role TEXT NOT NULL,"
    " about TEXT NOT NULL, made_by BIGINT NOT NULL, made_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL,"
    " used_ms BIGINT, used_by BIGINT)",
    "CREATE INDEX invitations_by_site ON invitations (site, until_ms)",
    "CREATE TABLE resets (digest TEXT PRIMARY KEY, account BIGINT NOT NULL, made_by BIGINT NOT NULL,"
    " made_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL)",
    "CREATE INDEX resets_by_account ON resets (account)",
    "CREATE TABLE shares (id {id}, digest TEXT NOT NULL UNIQUE, site BIGINT NOT NULL, label TEXT NOT NULL,"
    " made_by BIGINT NOT NULL, made_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL, revoked_ms BIGINT,"
    " opened_ms BIGINT, opened BIGINT NOT NULL)",
    "CREATE INDEX shares_by_site ON shares (site, until_ms)",
    # site 0: of no site; account 0: of nobody known
    "CREATE TABLE audit (id {id}, site BIGINT NOT NULL, account BIGINT NOT NULL, at_ms BIGINT NOT NULL,"
    " act TEXT NOT NULL, about TEXT NOT NULL, address TEXT NOT NULL)",
    "CREATE INDEX audit_by_site ON audit (site, account, id)",
    # wrong passwords by login name (known or not), and how far each address has drawn on its allowance
    "CREATE TABLE account_tries (name TEXT PRIMARY KEY, failures BIGINT NOT NULL, at_ms BIGINT NOT NULL,"
    " until_ms BIGINT NOT NULL)",
    "CREATE INDEX account_tries_by_time ON account_tries (at_ms)",
    "CREATE TABLE address_tries (address TEXT PRIMARY KEY, free_ms BIGINT NOT NULL)",
    "CREATE INDEX address_tries_by_time ON address_tries (free_ms)",
)
