-- +goose Up
CREATE TABLE {gift_card_holds} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	public_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	card_id BIGINT UNSIGNED NOT NULL,
	checkout_id BIGINT UNSIGNED NOT NULL,
	order_id BIGINT UNSIGNED NULL,
	state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	amount BIGINT NOT NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_public_id (public_id),
	UNIQUE KEY uq_checkout_id_card_id (checkout_id, card_id),
	KEY ix_card_id_state (card_id, state),
	KEY ix_order_id (order_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
