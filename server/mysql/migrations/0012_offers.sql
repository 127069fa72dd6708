-- +goose Up
CREATE TABLE {offers} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	slug VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	name VARCHAR(200) NOT NULL,
	description TEXT NOT NULL,
	status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	revision BIGINT NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	opens_at DATETIME(6) NULL,
	closes_at DATETIME(6) NULL,
	time_zone VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	closed_text TEXT NOT NULL,
	closed_offer VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	thank_you_url VARCHAR(2000) NOT NULL,
	append_order_info TINYINT(1) NOT NULL,
	help TEXT NOT NULL,
	form_tokens_since DATETIME(6) NULL,
	form MEDIUMTEXT NOT NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_slug (slug)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
