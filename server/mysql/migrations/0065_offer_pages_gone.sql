-- +goose Up
ALTER TABLE {offer_pages}
	ADD COLUMN gone_at DATETIME(6) NULL AFTER seen_at,
	ADD KEY ix_post_id (post_id);
