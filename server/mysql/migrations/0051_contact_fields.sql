-- +goose Up
CREATE TABLE {contact_fields} (
	contact_id BIGINT UNSIGNED NOT NULL,
	field VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
	value TEXT NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (contact_id, field)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
