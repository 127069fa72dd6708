-- +goose Up
CREATE TABLE {operation_triggers} (
	operation_id BIGINT UNSIGNED NOT NULL,
	kind VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	arg VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
	PRIMARY KEY (operation_id, kind, arg),
	KEY ix_kind_arg (kind, arg)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
