CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT);
CREATE UNIQUE INDEX idx__sqlite_migrations_migration_set_name ON _sqlite_migrations (migration_set, name);
CREATE TABLE carriers (site INTEGER NOT NULL, source TEXT NOT NULL, edge TEXT NOT NULL, PRIMARY KEY (site, source)) WITHOUT ROWID;
CREATE TABLE changes (stream INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, rev INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE contacts (site INTEGER PRIMARY KEY, heard_ms INTEGER, watched_until_ms INTEGER);
CREATE TABLE gaps (stream INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, cause TEXT NOT NULL, from_ms INTEGER, to_ms INTEGER, PRIMARY KEY (stream, from_seq)) WITHOUT ROWID;
CREATE TABLE latest (site INTEGER NOT NULL, source TEXT NOT NULL, channel INTEGER NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL, taken_ms INTEGER NOT NULL, interval_ms INTEGER NOT NULL, vals TEXT NOT NULL, PRIMARY KEY (site, source, channel)) WITHOUT ROWID;
CREATE TABLE meters (id INTEGER PRIMARY KEY, site INTEGER NOT NULL, source TEXT NOT NULL, channel INTEGER NOT NULL, UNIQUE (site, source, channel));
CREATE TABLE proofs (site INTEGER PRIMARY KEY, days INTEGER NOT NULL, rows INTEGER NOT NULL, equal INTEGER NOT NULL, quarantined INTEGER NOT NULL, conflicts INTEGER NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE quarantine (site INTEGER NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL, raw TEXT NOT NULL, why TEXT NOT NULL, at_ms INTEGER, PRIMARY KEY (site, number)) WITHOUT ROWID;
CREATE TABLE readings (site INTEGER NOT NULL, meter INTEGER NOT NULL, taken_ms INTEGER NOT NULL, stream INTEGER NOT NULL, seq INTEGER NOT NULL, voltage_mv INTEGER, current_ma INTEGER, power_mw INTEGER, energy_wh INTEGER, frequency_mhz INTEGER, power_factor_milli INTEGER, alarm INTEGER, row_check INTEGER, PRIMARY KEY (site, meter, taken_ms, stream, seq)) WITHOUT ROWID;
CREATE TABLE rivals (site INTEGER NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, other TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (site, kind, about)) WITHOUT ROWID;
CREATE TABLE sealed (meter INTEGER NOT NULL, hour INTEGER NOT NULL, stream INTEGER NOT NULL, seq INTEGER NOT NULL, row_count INTEGER NOT NULL, counters TEXT NOT NULL, sums TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (meter, hour)) WITHOUT ROWID;
CREATE INDEX sealed_by_stream ON sealed (stream, seq);
CREATE TABLE senders (site INTEGER NOT NULL, edge TEXT NOT NULL, sender TEXT NOT NULL, since_ms INTEGER NOT NULL, PRIMARY KEY (site, edge, sender)) WITHOUT ROWID;
CREATE TABLE sites (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE streams (id INTEGER PRIMARY KEY, site INTEGER NOT NULL, source TEXT NOT NULL, boot INTEGER NOT NULL, kind TEXT NOT NULL, first INTEGER NOT NULL, cursor INTEGER NOT NULL, uncertain INTEGER NOT NULL DEFAULT 0, first_ms INTEGER, last_ms INTEGER, UNIQUE (site, source, boot));
INSERT INTO _sqlite_migrations VALUES (1, 'cloud', 'm001_cloud', 'then');
INSERT INTO _sqlite_migrations VALUES (2, 'cloud', 'm002_row_check_by_time', 'then');
INSERT INTO _sqlite_migrations VALUES (3, 'cloud', 'm003_proofs', 'then');
INSERT INTO _sqlite_migrations VALUES (4, 'cloud', 'm004_senders', 'then');
INSERT INTO _sqlite_migrations VALUES (5, 'shared', 'm001_streams', 'then');
INSERT INTO _sqlite_migrations VALUES (6, 'shared', 'm002_sealed', 'then');

INSERT INTO streams (id, site, source, boot, kind, first, cursor, uncertain, first_ms, last_ms)
 VALUES (1, 1, 'garage', 7, 'readings', 1, 3, 0, 1795168800000, 1795168800000);
INSERT INTO meters (id, site, source, channel) VALUES (1, 1, 'garage', 1);
INSERT INTO gaps (stream, from_seq, to_seq, cause, from_ms, to_ms) VALUES (1, 2, 3, 'sensor', 1795168800000, 1795168802000);
INSERT INTO readings VALUES (1, 1, 1795168800000, 1, 1, 225700, 108, 24400, 38, 50000, 1000, 0, 6605577);
