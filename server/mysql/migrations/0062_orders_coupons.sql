-- +goose Up
ALTER TABLE {orders}
	ADD COLUMN gift_card BIGINT NOT NULL DEFAULT 0 AFTER total,
	ADD COLUMN coupons TEXT NULL AFTER gift_card,
	ADD COLUMN gift TEXT NULL AFTER coupons;
