-- +goose Up
ALTER TABLE {refunds}
	MODIFY COLUMN payment_id BIGINT UNSIGNED NULL,
	ADD COLUMN gift_card_id BIGINT UNSIGNED NULL AFTER payment_id;
