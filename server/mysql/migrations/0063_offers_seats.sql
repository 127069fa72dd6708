-- +goose Up
ALTER TABLE {offers}
	ADD COLUMN seats INT NULL AFTER currency;
