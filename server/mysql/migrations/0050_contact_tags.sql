-- +goose Up
CREATE TABLE {contact_tags} (
	contact_id BIGINT UNSIGNED NOT NULL,
	tag VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
	reason VARCHAR(190) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (contact_id, tag),
	KEY ix_tag (tag)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
