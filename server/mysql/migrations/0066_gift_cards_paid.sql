-- +goose Up
ALTER TABLE {gift_cards}
	ADD COLUMN paid BIGINT NOT NULL DEFAULT 0 AFTER contact_id;
