-- +goose Up
ALTER TABLE {contacts}
	ADD merged_into BIGINT UNSIGNED NULL,
	ADD KEY ix_merged_into (merged_into),
	ADD KEY ix_email (email);
