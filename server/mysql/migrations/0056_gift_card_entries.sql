-- +goose Up
CREATE TABLE {gift_card_entries} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	card_id BIGINT UNSIGNED NOT NULL,
	kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	amount BIGINT NOT NULL,
	hold_id BIGINT UNSIGNED NULL,
	order_id BIGINT UNSIGNED NULL,
	dedupe_key VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NULL,
	note VARCHAR(255) NOT NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_dedupe_key (dedupe_key),
	KEY ix_card_id (card_id),
	KEY ix_created_at (created_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
