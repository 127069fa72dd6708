-- +goose Up
CREATE TABLE {provider_events} (
	gateway VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	event_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	type VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	intent_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	mode VARCHAR(4) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	created_at DATETIME(6) NOT NULL,
	received_at DATETIME(6) NOT NULL,
	PRIMARY KEY (gateway, event_id),
	KEY ix_received_at (received_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
