-- +goose Up
CREATE TABLE {crm_contacts} (
	connection_id BIGINT UNSIGNED NOT NULL,
	contact_id BIGINT UNSIGNED NOT NULL,
	remote_id VARCHAR(190) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	state VARCHAR(64) NOT NULL,
	muted BOOLEAN NOT NULL,
	told_at DATETIME(6) NULL,
	read_at DATETIME(6) NULL,
	PRIMARY KEY (connection_id, contact_id),
	KEY ix_remote (connection_id, remote_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
