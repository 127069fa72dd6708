-- +goose Up
CREATE TABLE {refusals} (
	scope BINARY(16) NOT NULL,
	slice INT UNSIGNED NOT NULL,
	refused INT UNSIGNED NOT NULL,
	PRIMARY KEY (scope, slice),
	KEY ix_slice (slice)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
