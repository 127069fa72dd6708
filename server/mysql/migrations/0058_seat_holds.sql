-- +goose Up
CREATE TABLE {seat_holds} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	offer_id BIGINT UNSIGNED NOT NULL,
	checkout_id BIGINT UNSIGNED NOT NULL,
	order_id BIGINT UNSIGNED NULL,
	state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_checkout_id (checkout_id),
	KEY ix_offer_id_state (offer_id, state)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
