-- +goose Up
ALTER TABLE {coupon_codes}
	ADD COLUMN touched BIGINT UNSIGNED NOT NULL DEFAULT 0 AFTER max_uses;
