-- +goose Up
CREATE TABLE {offer_pages} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	offer_slug VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	url VARCHAR(2000) NOT NULL,
	url_hash BINARY(32) NOT NULL,
	post_id BIGINT UNSIGNED NULL,
	is_main TINYINT(1) NOT NULL DEFAULT 0,
	seen_at DATETIME(6) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_offer_slug_url_hash (offer_slug, url_hash)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
