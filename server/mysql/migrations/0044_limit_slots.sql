-- +goose Up
CREATE TABLE {limit_slots} (
	kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	subject_id BIGINT UNSIGNED NOT NULL,
	scope_id BIGINT UNSIGNED NOT NULL,
	slot INT UNSIGNED NOT NULL,
	holder_id BIGINT UNSIGNED NULL,
	PRIMARY KEY (kind, subject_id, scope_id, slot),
	KEY ix_free (kind, subject_id, scope_id, holder_id),
	KEY ix_holder_id (holder_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
