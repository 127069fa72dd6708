-- +goose Up
CREATE TABLE {checkout_gift_cards} (
	checkout_id BIGINT UNSIGNED NOT NULL,
	card_id BIGINT UNSIGNED NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (checkout_id, card_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
