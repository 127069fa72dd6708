-- +goose Up
INSERT IGNORE INTO {counters} (name, value) VALUES ('order', 1000);
