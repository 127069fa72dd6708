-- +goose Up
CREATE TABLE {crm_connections} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	slug VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	name VARCHAR(200) NOT NULL,
	status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	account VARCHAR(200) NOT NULL,
	credentials TEXT NOT NULL,
	settings MEDIUMTEXT NOT NULL,
	hook_hash BINARY(32) NULL,
	hook_secret TEXT NULL,
	old_hook_hash BINARY(32) NULL,
	old_hook_until DATETIME(6) NULL,
	lists MEDIUMTEXT NULL,
	lists_at DATETIME(6) NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_slug (slug)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
