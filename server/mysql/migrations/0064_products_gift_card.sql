-- +goose Up
ALTER TABLE {products}
	ADD COLUMN gift_card TEXT NULL AFTER tax_class;
