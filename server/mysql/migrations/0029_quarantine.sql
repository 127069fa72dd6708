-- +goose Up
CREATE TABLE {quarantine} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	gateway VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	gateway_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	checkout_id BIGINT UNSIGNED NULL,
	reason VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	details VARCHAR(500) NOT NULL,
	amount BIGINT NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	created_at DATETIME(6) NOT NULL,
	resolved_at DATETIME(6) NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_gateway_gateway_id (gateway, gateway_id),
	KEY ix_resolved_at (resolved_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
