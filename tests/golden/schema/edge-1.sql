CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT);
CREATE UNIQUE INDEX idx__sqlite_migrations_migration_set_name ON _sqlite_migrations (migration_set, name);
CREATE TABLE acknowledged (cloud INTEGER NOT NULL, stream INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (cloud, stream)) WITHOUT ROWID;
CREATE TABLE amends (id INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL);
CREATE TABLE anchors (stream INTEGER NOT NULL, era TEXT NOT NULL, minute INTEGER NOT NULL, uptime_ms INTEGER NOT NULL, mono_ms INTEGER NOT NULL, own_ms INTEGER, PRIMARY KEY (stream, era, minute)) WITHOUT ROWID;
CREATE TABLE boards (name TEXT NOT NULL, upper INTEGER NOT NULL, source TEXT NOT NULL, met INTEGER NOT NULL, PRIMARY KEY (name, upper)) WITHOUT ROWID;
CREATE TABLE boots (stream INTEGER PRIMARY KEY, ended INTEGER NOT NULL, uptime_ms INTEGER NOT NULL, dropped INTEGER NOT NULL);
CREATE TABLE changes (stream INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, rev INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE clouds (id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, amended INTEGER NOT NULL, acknowledged_ms INTEGER);
CREATE TABLE gaps (stream INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, cause TEXT NOT NULL, from_ms INTEGER, to_ms INTEGER, PRIMARY KEY (stream, from_seq)) WITHOUT ROWID;
CREATE TABLE hours (meter INTEGER NOT NULL, hour INTEGER NOT NULL, stream INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, PRIMARY KEY (meter, hour, stream)) WITHOUT ROWID;
CREATE TABLE meters (id INTEGER PRIMARY KEY, site INTEGER NOT NULL, source TEXT NOT NULL, channel INTEGER NOT NULL, UNIQUE (site, source, channel));
CREATE TABLE quarantine (site INTEGER NOT NULL, number INTEGER NOT NULL, source TEXT NOT NULL, boot INTEGER NOT NULL, seq INTEGER NOT NULL, raw TEXT NOT NULL, why TEXT NOT NULL, at_ms INTEGER, PRIMARY KEY (site, number)) WITHOUT ROWID;
CREATE TABLE readings (stream INTEGER NOT NULL, seq INTEGER NOT NULL, channel INTEGER NOT NULL, taken_ms INTEGER, voltage_mv INTEGER, current_ma INTEGER, power_mw INTEGER, energy_wh INTEGER, frequency_mhz INTEGER, power_factor_milli INTEGER, alarm INTEGER, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE sites (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE streams (id INTEGER PRIMARY KEY, site INTEGER NOT NULL, source TEXT NOT NULL, boot INTEGER NOT NULL, kind TEXT NOT NULL, first INTEGER NOT NULL, cursor INTEGER NOT NULL, uncertain INTEGER NOT NULL DEFAULT 0, first_ms INTEGER, last_ms INTEGER, UNIQUE (site, source, boot));
CREATE TABLE undated (stream INTEGER NOT NULL, seq INTEGER NOT NULL, uptime_ms INTEGER NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE withheld (cloud INTEGER NOT NULL, stream INTEGER NOT NULL, seq INTEGER NOT NULL, why TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (cloud, stream, seq)) WITHOUT ROWID;
INSERT INTO _sqlite_migrations VALUES (1, 'edge', 'm001_edge', 'then');
INSERT INTO _sqlite_migrations VALUES (2, 'shared', 'm001_streams', 'then');

INSERT INTO streams (id, site, source, boot, kind, first, cursor, uncertain, first_ms, last_ms)
 VALUES (1, 0, 'garage', 7, 'readings', 1, 3, 0, 1795168800000, 1795168800000);
INSERT INTO meters (id, site, source, channel) VALUES (1, 0, 'garage', 1);
INSERT INTO gaps (stream, from_seq, to_seq, cause, from_ms, to_ms) VALUES (1, 2, 3, 'sensor', 1795168800000, 1795168802000);
INSERT INTO readings VALUES (1, 1, 1, 1795168800000, 225700, 108, 24400, 38, 50000, 1000, 0);
INSERT INTO hours VALUES (1, 498658, 1, 1, 1);
