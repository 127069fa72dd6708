-- +goose Up
CREATE TABLE {customers} (
	contact_id BIGINT UNSIGNED NOT NULL,
	gateway VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	account VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	mode VARCHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	customer_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (contact_id, gateway, account, mode)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
