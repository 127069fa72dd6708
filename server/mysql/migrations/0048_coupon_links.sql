-- +goose Up
CREATE TABLE {coupon_links} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	token_hash BINARY(32) NOT NULL,
	contact_id BIGINT UNSIGNED NULL,
	offer_slug VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	codes TEXT NOT NULL,
	expires_at DATETIME(6) NULL,
	revoked_at DATETIME(6) NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_token_hash (token_hash),
	KEY ix_contact_id (contact_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
