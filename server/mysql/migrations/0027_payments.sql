-- +goose Up
CREATE TABLE {payments} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	order_id BIGINT UNSIGNED NOT NULL,
	gateway VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	account VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	mode VARCHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	gateway_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	amount BIGINT NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	tender_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	tender_brand VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	tender_last4 VARCHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_gateway_gateway_id (gateway, gateway_id),
	KEY ix_order_id (order_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
