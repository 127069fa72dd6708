-- +goose Up
ALTER TABLE {contact_tags}
	ADD source VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
