-- +goose Up
CREATE TABLE {offer_items} (
	offer_id BIGINT UNSIGNED NOT NULL,
	position INT NOT NULL,
	price_id BIGINT UNSIGNED NOT NULL,
	quantity INT NOT NULL,
	max_quantity INT NOT NULL,
	unit_amount BIGINT NULL,
	PRIMARY KEY (offer_id, position),
	UNIQUE KEY uq_offer_id_price_id (offer_id, price_id),
	KEY ix_price_id (price_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
