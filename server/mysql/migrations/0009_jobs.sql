-- +goose Up
CREATE TABLE {jobs} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	payload TEXT NOT NULL,
	unique_key VARCHAR(190) CHARACTER SET ascii COLLATE ascii_bin NULL,
	priority TINYINT NOT NULL,
	run_at DATETIME(6) NOT NULL,
	state ENUM('ready', 'running', 'dead') NOT NULL,
	attempts INT NOT NULL DEFAULT 0,
	lease VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NULL,
	leased_until DATETIME(6) NULL,
	last_error TEXT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_unique_key (unique_key),
	KEY ix_state_priority_run_at (state, priority, run_at),
	KEY ix_state_leased_until (state, leased_until)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
