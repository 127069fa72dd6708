-- +goose Up
ALTER TABLE {checkouts}
	ADD abandoned_at DATETIME(6) NULL,
	ADD ended_by BIGINT UNSIGNED NULL,
	ADD suspect BOOLEAN NOT NULL DEFAULT FALSE,
	ADD told BOOLEAN NOT NULL DEFAULT FALSE,
	ADD KEY ix_abandoned_at (abandoned_at);
