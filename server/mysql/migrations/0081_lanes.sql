-- +goose Up
CREATE TABLE {lanes} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	destination VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	state ENUM('ready', 'running', 'stopped') NOT NULL,
	urgency TINYINT NOT NULL,
	run_at DATETIME(6) NOT NULL,
	attempts INT NOT NULL DEFAULT 0,
	failing_since DATETIME(6) NULL,
	lease VARCHAR(48) CHARACTER SET ascii COLLATE ascii_bin NULL,
	leased_until DATETIME(6) NULL,
	last_error TEXT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_destination_name (destination, name),
	KEY ix_destination_state_urgency_run_at (destination, state, urgency, run_at),
	KEY ix_state_leased_until (state, leased_until)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
