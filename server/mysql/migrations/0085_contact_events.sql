-- +goose Up
CREATE TABLE {contact_events} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	contact_id BIGINT UNSIGNED NOT NULL,
	type VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	name VARCHAR(254) NOT NULL,
	value TEXT NOT NULL,
	source VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	reason VARCHAR(190) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	KEY ix_contact_id (contact_id, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
