-- +goose Up
ALTER TABLE {orders}
	ADD COLUMN gift_cards TEXT NULL AFTER coupons;
