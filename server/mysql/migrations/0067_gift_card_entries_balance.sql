-- +goose Up
ALTER TABLE {gift_card_entries}
	ADD COLUMN balance BIGINT NOT NULL DEFAULT 0 AFTER amount;
