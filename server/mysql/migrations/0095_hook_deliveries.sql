-- +goose Up
CREATE TABLE {hook_deliveries} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	public_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	target VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	content_type VARCHAR(200) NOT NULL,
	query TEXT NOT NULL,
	body MEDIUMBLOB NOT NULL,
	state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	result TEXT NOT NULL,
	replays INT NOT NULL DEFAULT 0,
	received_at DATETIME(6) NOT NULL,
	done_at DATETIME(6) NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_public_id (public_id),
	KEY ix_target (target, id),
	KEY ix_received_at (received_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
