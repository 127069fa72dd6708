-- +goose Up
CREATE TABLE {checkout_coupons} (
	checkout_id BIGINT UNSIGNED NOT NULL,
	code_id BIGINT UNSIGNED NOT NULL,
	source VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (checkout_id, code_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
