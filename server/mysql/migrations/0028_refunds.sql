-- +goose Up
CREATE TABLE {refunds} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	public_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	order_id BIGINT UNSIGNED NOT NULL,
	payment_id BIGINT UNSIGNED NOT NULL,
	gateway_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
	amount BIGINT NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	source VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	reason VARCHAR(255) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_public_id (public_id),
	UNIQUE KEY uq_payment_id_gateway_id (payment_id, gateway_id),
	KEY ix_order_id (order_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
