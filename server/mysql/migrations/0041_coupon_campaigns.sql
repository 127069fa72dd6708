-- +goose Up
CREATE TABLE {coupon_campaigns} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	slug VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	coupon_id BIGINT UNSIGNED NOT NULL,
	name VARCHAR(200) NOT NULL,
	status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	wanted INT NOT NULL,
	shape TEXT NOT NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	revoked_at DATETIME(6) NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_slug (slug),
	KEY ix_coupon_id (coupon_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
