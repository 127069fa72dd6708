-- +goose Up
CREATE TABLE {crm_tags} (
	connection_id BIGINT UNSIGNED NOT NULL,
	contact_id BIGINT UNSIGNED NOT NULL,
	tag VARCHAR(190) COLLATE utf8mb4_bin NOT NULL,
	presence TINYINT NOT NULL,
	changed_at DATETIME(6) NOT NULL,
	PRIMARY KEY (connection_id, contact_id, tag)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
