-- +goose Up
CREATE TABLE {operations} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	public_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	slug VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	name VARCHAR(200) NOT NULL,
	status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	actions MEDIUMTEXT NOT NULL,
	hook_hash BINARY(32) NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_public_id (public_id),
	UNIQUE KEY uq_slug (slug)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
