-- +goose Up
INSERT IGNORE INTO {locks} (name, touched_at) VALUES ('catalog', '2026-01-01 00:00:00');
