-- +goose Up
ALTER TABLE {attempts}
	ADD COLUMN origin BINARY(16) NULL AFTER intent_id,
	ADD KEY ix_origin_updated_at (origin, updated_at);
