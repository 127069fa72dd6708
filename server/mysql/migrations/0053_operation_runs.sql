-- +goose Up
CREATE TABLE {operation_runs} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	public_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	operation_id BIGINT UNSIGNED NOT NULL,
	contact_id BIGINT UNSIGNED NOT NULL,
	source VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	dedupe_key BINARY(32) NULL,
	status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	steps MEDIUMTEXT NOT NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_public_id (public_id),
	UNIQUE KEY uq_operation_id_dedupe_key (operation_id, dedupe_key),
	KEY ix_contact_id (contact_id),
	KEY ix_created_at (created_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
