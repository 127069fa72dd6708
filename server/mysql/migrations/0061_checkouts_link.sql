-- +goose Up
ALTER TABLE {checkouts}
	ADD COLUMN link_id BIGINT UNSIGNED NULL AFTER user_id,
	ADD COLUMN gift TEXT NULL AFTER link_id;
