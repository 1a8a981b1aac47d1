CREATE TABLE charges (
	id TEXT NOT NULL, 
	namespace TEXT NOT NULL, 
	purpose TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	rho BIGINT NOT NULL, 
	delta BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	reserved_at BIGINT NOT NULL, 
	settled_at BIGINT, 
	PRIMARY KEY (id, namespace)
);

CREATE INDEX charges_period ON charges (namespace, reserved_at);

CREATE TABLE consent_records (
	sequence INTEGER NOT NULL, 
	version BIGINT NOT NULL, 
	namespace TEXT NOT NULL, 
	subject BIGINT NOT NULL, 
	purpose TEXT, 
	verb TEXT NOT NULL, 
	explicit BOOLEAN NOT NULL, 
	covers TEXT NOT NULL, 
	notice_version TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	without_choice TEXT NOT NULL, 
	PRIMARY KEY (sequence)
);

CREATE INDEX consent_records_subject ON consent_records (namespace, subject, purpose);

CREATE TABLE coverage_bands (
	dataset TEXT NOT NULL, 
	purpose TEXT NOT NULL, 
	computed_at BIGINT NOT NULL, 
	band TEXT NOT NULL, 
	PRIMARY KEY (dataset, purpose)
);

CREATE TABLE due_ages (
	namespace TEXT NOT NULL, 
	birth_year INTEGER NOT NULL, 
	purpose TEXT NOT NULL, 
	due BIGINT NOT NULL, 
	PRIMARY KEY (namespace, birth_year, purpose)
);

CREATE INDEX ix_due_ages_due ON due_ages (due);

CREATE TABLE due_changes (
	namespace TEXT NOT NULL, 
	subject BIGINT NOT NULL, 
	purpose TEXT NOT NULL, 
	due BIGINT NOT NULL, 
	PRIMARY KEY (namespace, subject, purpose)
);

CREATE INDEX ix_due_changes_due ON due_changes (due);

CREATE TABLE generation_leases (
	id TEXT NOT NULL, 
	dataset TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	expires_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE generation_subjects (
	dataset TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	namespace TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	bits BLOB NOT NULL, 
	PRIMARY KEY (dataset, generation, namespace)
);

CREATE TABLE generations (
	dataset TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	rows BIGINT NOT NULL, 
	schema_hash TEXT NOT NULL, 
	published_at BIGINT NOT NULL, 
	retired_at BIGINT, 
	PRIMARY KEY (dataset, generation)
);

CREATE TABLE log_checkpoints (
	size BIGINT NOT NULL, 
	note BLOB NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (size)
);

CREATE TABLE log_details (
	leaf BIGINT NOT NULL, 
	nonce BLOB NOT NULL, 
	details BLOB NOT NULL, 
	PRIMARY KEY (leaf)
);

CREATE TABLE log_entries (
	leaf BIGINT NOT NULL, 
	body BLOB NOT NULL, 
	leaf_hash BLOB NOT NULL, 
	PRIMARY KEY (leaf)
);

CREATE TABLE log_head (
	id INTEGER NOT NULL, 
	size BIGINT NOT NULL, 
	frontier BLOB NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE permitted_changes (
	sequence INTEGER NOT NULL, 
	version BIGINT NOT NULL, 
	purpose TEXT NOT NULL, 
	namespace TEXT NOT NULL, 
	subject BIGINT NOT NULL, 
	plain BOOLEAN NOT NULL, 
	sensitive BOOLEAN NOT NULL, 
	not_before BIGINT, 
	sensitive_not_before BIGINT, 
	narrowing BOOLEAN NOT NULL, 
	PRIMARY KEY (sequence)
);

CREATE INDEX ix_permitted_changes_version ON permitted_changes (version);

CREATE TABLE permitted_partial (
	purpose TEXT NOT NULL, 
	namespace TEXT NOT NULL, 
	subject BIGINT NOT NULL, 
	not_before BIGINT, 
	sensitive_not_before BIGINT, 
	PRIMARY KEY (purpose, namespace, subject)
);

CREATE TABLE permitted_sets (
	purpose TEXT NOT NULL, 
	namespace TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	plain BLOB NOT NULL, 
	sensitive BLOB NOT NULL, 
	PRIMARY KEY (purpose, namespace)
);

CREATE TABLE policy_activations (
	sequence INTEGER NOT NULL, 
	version TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (sequence)
);

CREATE TABLE policy_snapshots (
	version TEXT NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (version)
);

CREATE TABLE purpose_leases (
	id TEXT NOT NULL, 
	purpose TEXT NOT NULL, 
	taken_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);

CREATE INDEX ix_purpose_leases_purpose ON purpose_leases (purpose);

CREATE TABLE register (
	id INTEGER NOT NULL, 
	version BIGINT NOT NULL, 
	next_due BIGINT, 
	PRIMARY KEY (id)
);

CREATE TABLE settings_kept (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);

CREATE TABLE subject_keys (
	namespace TEXT NOT NULL, 
	id BIGINT NOT NULL, 
	wrapped BLOB NOT NULL, 
	PRIMARY KEY (namespace, id)
);

CREATE TABLE subjects (
	namespace TEXT NOT NULL, 
	id BIGINT NOT NULL, 
	natural_key TEXT, 
	jurisdiction TEXT, 
	birth_year INTEGER, 
	PRIMARY KEY (namespace, id), 
	UNIQUE (namespace, natural_key)
);

CREATE TABLE schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT schema_version_pkc PRIMARY KEY (version_num)
);
