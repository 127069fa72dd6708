-- +goose Up
CREATE TABLE {limits} (
	kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	subject_id BIGINT UNSIGNED NOT NULL,
	scope_id BIGINT UNSIGNED NOT NULL,
	touched BIGINT UNSIGNED NOT NULL,
	PRIMARY KEY (kind, subject_id, scope_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
