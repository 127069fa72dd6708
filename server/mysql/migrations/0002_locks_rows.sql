-- +goose Up
INSERT IGNORE INTO {locks} (name, touched_at) VALUES ('wordpress.user', '2026-01-01 00:00:00');
