-- +goose Up
CREATE TABLE {order_items} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	order_id BIGINT UNSIGNED NOT NULL,
	position INT NOT NULL,
	product_id BIGINT UNSIGNED NOT NULL,
	price_id BIGINT UNSIGNED NOT NULL,
	product_slug VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	name VARCHAR(200) NOT NULL,
	quantity INT NOT NULL,
	unit_amount BIGINT NOT NULL,
	subtotal BIGINT NOT NULL,
	discount BIGINT NOT NULL,
	tax BIGINT NOT NULL,
	total BIGINT NOT NULL,
	roles TEXT NOT NULL,
	access_tags TEXT NOT NULL,
	revoke_tags TEXT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_order_id_position (order_id, position),
	KEY ix_product_id (product_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
