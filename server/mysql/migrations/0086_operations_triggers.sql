-- +goose Up
ALTER TABLE {operations}
	ADD settings MEDIUMTEXT NULL,
	ADD revision BIGINT NOT NULL DEFAULT 1,
	ADD old_hook_hash BINARY(32) NULL,
	ADD old_hook_until DATETIME(6) NULL;
