-- A store of schema 0002 with one run, as it is written by `.dump`.
PRAGMA application_id = 1869767269;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE artifacts (
	artifact_key INTEGER NOT NULL, 
	run_key INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	size BIGINT NOT NULL, 
	logged DOUBLE NOT NULL, 
	metadata TEXT NOT NULL, 
	CONSTRAINT pk_artifacts PRIMARY KEY (artifact_key), 
	CONSTRAINT fk_artifacts_run_key FOREIGN KEY(run_key) REFERENCES runs (run_key) ON DELETE CASCADE, 
	CONSTRAINT fk_artifacts_sha256 FOREIGN KEY(sha256) REFERENCES blobs (sha256)
);
CREATE TABLE baselines (
	name VARCHAR(200) NOT NULL, 
	updated DOUBLE NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_baselines PRIMARY KEY (name)
);
INSERT INTO "baselines" VALUES('v1',1.5,'{"n":1}');
CREATE TABLE blob_parts (
	sha256 VARCHAR(64) NOT NULL, 
	part INTEGER NOT NULL, 
	compressed BOOLEAN NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_blob_parts PRIMARY KEY (sha256, part), 
	CONSTRAINT fk_blob_parts_sha256 FOREIGN KEY(sha256) REFERENCES blobs (sha256) ON DELETE CASCADE
);
CREATE TABLE blobs (
	sha256 VARCHAR(64) NOT NULL, 
	size BIGINT NOT NULL, 
	parts INTEGER NOT NULL, 
	complete BOOLEAN NOT NULL, 
	CONSTRAINT pk_blobs PRIMARY KEY (sha256)
);
CREATE TABLE chunks (
	series_key INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	n INTEGER NOT NULL, 
	nan_count INTEGER NOT NULL, 
	first_step BIGINT NOT NULL, 
	last_step BIGINT NOT NULL, 
	minimum DOUBLE, 
	maximum DOUBLE, 
	last DOUBLE, 
	codec SMALLINT NOT NULL, 
	checksum BIGINT NOT NULL, 
	steps BLOB NOT NULL, 
	"values" BLOB NOT NULL, 
	wall_times BLOB NOT NULL, 
	CONSTRAINT pk_chunks PRIMARY KEY (series_key, ordinal), 
	CONSTRAINT fk_chunks_series_key FOREIGN KEY(series_key) REFERENCES series (series_key) ON DELETE CASCADE
);
INSERT INTO "chunks" VALUES(1,0,100,0,0,99,0.0,49.5,49.5,1,1422075581,X'28B52FFD602002650000180001000200B840257E0258',X'28B52FFD602002ED0300B4060000804080C0E0F0F80004080C10121416181A1C1E202122232425262728292A2B2C2D2E2F30303131323233333434353536363737383839393A3A3B3B3C3C3D3D3E3E3F3F404040404141414142424242434343434444444445454545464646464747474748484848003F05000926944B0D6637BA5C232054000B',X'28B52FFD602002FD0000680000204000FC005400D90041000710003FE19FF04FF827FC13FEC488541B');
CREATE TABLE console (
	run_key INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	stream VARCHAR(8) NOT NULL, 
	time DOUBLE NOT NULL, 
	size INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_console PRIMARY KEY (run_key, ordinal), 
	CONSTRAINT fk_console_run_key FOREIGN KEY(run_key) REFERENCES runs (run_key) ON DELETE CASCADE
);
INSERT INTO "console" VALUES(1,1,'stdout',1700000000.0,5,X'28B52FFD2005290000646F6E650A');
CREATE TABLE documents (
	sha256 VARCHAR(64) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	size INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_documents PRIMARY KEY (sha256)
);
INSERT INTO "documents" VALUES('13c12e2716b0fdd53cb0b415333d6e07df202a950bb6880d023aad5e560057ea','machine',10,X'28B52FFD200A5100007B2263707573223A327D');
INSERT INTO "documents" VALUES('a8e45800d7cbbdbb7f49178ab568860d9b533d4f9f5377bfb6890c8d431b6a12','environment',49,X'28B52FFD20318901007B227061636B61676573223A5B7B226E616D65223A226E756D7079222C2276657273696F6E223A22322E342E30227D5D7D');
CREATE TABLE metrics (
	metric_key INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	CONSTRAINT pk_metrics PRIMARY KEY (metric_key), 
	CONSTRAINT uq_metrics_name UNIQUE (name)
);
INSERT INTO "metrics" VALUES(1,'charts/episodic_return');
CREATE TABLE orbench_store (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_orbench_store PRIMARY KEY (name)
);
INSERT INTO "orbench_store" VALUES('store_id','6821f0e36f1e897c');
INSERT INTO "orbench_store" VALUES('created','1795257450.1966436');
CREATE TABLE packages (
	environment VARCHAR(64) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	version VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_packages PRIMARY KEY (environment, name), 
	CONSTRAINT fk_packages_environment FOREIGN KEY(environment) REFERENCES documents (sha256) ON DELETE CASCADE
);
INSERT INTO "packages" VALUES('a8e45800d7cbbdbb7f49178ab568860d9b533d4f9f5377bfb6890c8d431b6a12','numpy','2.4.0');
CREATE TABLE params (
	run_key INTEGER NOT NULL, 
	"key" VARCHAR(500) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	number DOUBLE, 
	text VARCHAR(200), 
	CONSTRAINT pk_params PRIMARY KEY (run_key, "key"), 
	CONSTRAINT fk_params_run_key FOREIGN KEY(run_key) REFERENCES runs (run_key) ON DELETE CASCADE
);
INSERT INTO "params" VALUES(1,'alpha','float',0.1,'0.1');
INSERT INTO "params" VALUES(1,'net.layers','list',NULL,'[64, 64]');
CREATE TABLE runs (
	run_key INTEGER NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
	project VARCHAR(200) NOT NULL, 
	exp_name VARCHAR(200) NOT NULL, 
	env_id VARCHAR(200) NOT NULL, 
	seed BIGINT, 
	status VARCHAR(16) NOT NULL, 
	started DOUBLE NOT NULL, 
	last_started DOUBLE NOT NULL, 
	ended DOUBLE, 
	heartbeat DOUBLE, 
	exit_code INTEGER, 
	signal INTEGER, 
	error TEXT, 
	parent_id VARCHAR(32), 
	host VARCHAR(255) NOT NULL, 
	starts INTEGER NOT NULL, 
	config TEXT NOT NULL, 
	config_notes TEXT NOT NULL, 
	config_hash VARCHAR(64) NOT NULL, 
	summary TEXT NOT NULL, 
	environment VARCHAR(64), 
	source VARCHAR(64), 
	machine VARCHAR(64), 
	command TEXT, 
	variables TEXT, 
	seeds TEXT, 
	capture TEXT, 
	CONSTRAINT pk_runs PRIMARY KEY (run_key), 
	CONSTRAINT uq_runs_run_id UNIQUE (run_id), 
	CONSTRAINT fk_runs_environment FOREIGN KEY(environment) REFERENCES documents (sha256), 
	CONSTRAINT fk_runs_source FOREIGN KEY(source) REFERENCES documents (sha256), 
	CONSTRAINT fk_runs_machine FOREIGN KEY(machine) REFERENCES documents (sha256)
);
INSERT INTO "runs" VALUES(1,'7k2m9x4t0abc','tour','q_learning','Taxi-v3',3,'finished',1700000000.0,1700000000.0,1700000060.0,1700000060.0,0,NULL,NULL,NULL,'node',1,'{"alpha":0.1,"net":{"layers":[64,64]}}','{}','562e87925de95c3be62167d529fcd2c82adcb07a50ade0457c37f33c3a8ef0c3','{"best":49.5}','a8e45800d7cbbdbb7f49178ab568860d9b533d4f9f5377bfb6890c8d431b6a12',NULL,'13c12e2716b0fdd53cb0b415333d6e07df202a950bb6880d023aad5e560057ea','{"argv":["train.py"]}',NULL,NULL,NULL);
CREATE TABLE segments (
	segment_id VARCHAR(80) NOT NULL, 
	run_key INTEGER NOT NULL, 
	shipped BIGINT NOT NULL, 
	closed BOOLEAN NOT NULL, 
	damage TEXT NOT NULL, 
	CONSTRAINT pk_segments PRIMARY KEY (segment_id), 
	CONSTRAINT fk_segments_run_key FOREIGN KEY(run_key) REFERENCES runs (run_key) ON DELETE CASCADE
);
INSERT INTO "segments" VALUES('7k2m9x4t0abc/a',1,100,1,'');
CREATE TABLE series (
	series_key INTEGER NOT NULL, 
	run_key INTEGER NOT NULL, 
	metric_key INTEGER NOT NULL, 
	n BIGINT NOT NULL, 
	nan_count BIGINT NOT NULL, 
	min_step BIGINT NOT NULL, 
	max_step BIGINT NOT NULL, 
	last_step BIGINT NOT NULL, 
	minimum DOUBLE, 
	maximum DOUBLE, 
	last DOUBLE, 
	last_wall_time DOUBLE NOT NULL, 
	next_ordinal INTEGER NOT NULL, 
	CONSTRAINT pk_series PRIMARY KEY (series_key), 
	CONSTRAINT fk_series_run_key FOREIGN KEY(run_key) REFERENCES runs (run_key) ON DELETE CASCADE, 
	CONSTRAINT fk_series_metric_key FOREIGN KEY(metric_key) REFERENCES metrics (metric_key)
);
INSERT INTO "series" VALUES(1,1,1,100,0,0,99,99,0.0,49.5,49.5,1700000049.5,1);
CREATE TABLE summary_values (
	run_key INTEGER NOT NULL, 
	"key" VARCHAR(500) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	number DOUBLE, 
	text VARCHAR(200), 
	CONSTRAINT pk_summary_values PRIMARY KEY (run_key, "key"), 
	CONSTRAINT fk_summary_values_run_key FOREIGN KEY(run_key) REFERENCES runs (run_key) ON DELETE CASCADE
);
INSERT INTO "summary_values" VALUES(1,'best','float',49.5,'49.5');
CREATE TABLE tags (
	run_key INTEGER NOT NULL, 
	tag VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_tags PRIMARY KEY (run_key, tag), 
	CONSTRAINT fk_tags_run_key FOREIGN KEY(run_key) REFERENCES runs (run_key) ON DELETE CASCADE
);
INSERT INTO "tags" VALUES(1,'v1');
CREATE TABLE tracker_links (
	run_key INTEGER NOT NULL, 
	tracker VARCHAR(500) NOT NULL, 
	updated DOUBLE NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_tracker_links PRIMARY KEY (run_key, tracker), 
	CONSTRAINT fk_tracker_links_run_key FOREIGN KEY(run_key) REFERENCES runs (run_key) ON DELETE CASCADE
);
INSERT INTO "tracker_links" VALUES(1,'mlflow://127.0.0.1:5000/demo',1.5,'{"id":"abc"}');
CREATE INDEX ix_packages_name_version ON packages (name, version);
CREATE INDEX ix_runs_machine ON runs (machine);
CREATE INDEX ix_runs_source ON runs (source);
CREATE INDEX ix_runs_env_id ON runs (env_id);
CREATE INDEX ix_runs_started ON runs (started);
CREATE INDEX ix_runs_status_heartbeat ON runs (status, heartbeat);
CREATE INDEX ix_runs_parent_id ON runs (parent_id);
CREATE INDEX ix_runs_exp_name_env_id ON runs (exp_name, env_id);
CREATE INDEX ix_runs_config_hash ON runs (config_hash);
CREATE INDEX ix_runs_environment ON runs (environment);
CREATE INDEX ix_runs_project_exp_name_env_id_seed ON runs (project, exp_name, env_id, seed);
CREATE INDEX ix_params_key_text ON params ("key", text);
CREATE INDEX ix_params_key_number ON params ("key", number);
CREATE INDEX ix_summary_values_key_number ON summary_values ("key", number);
CREATE INDEX ix_summary_values_key_text ON summary_values ("key", text);
CREATE INDEX ix_tags_tag ON tags (tag);
CREATE INDEX ix_series_metric_key_last ON series (metric_key, last);
CREATE UNIQUE INDEX ix_series_run_key_metric_key ON series (run_key, metric_key);
CREATE INDEX ix_artifacts_run_key_name ON artifacts (run_key, name);
CREATE INDEX ix_artifacts_sha256 ON artifacts (sha256);
CREATE INDEX ix_segments_run_key ON segments (run_key);
CREATE INDEX ix_chunks_small ON chunks (series_key, ordinal, n) WHERE n < 4096;
CREATE INDEX ix_tracker_links_tracker ON tracker_links (tracker);
COMMIT;
