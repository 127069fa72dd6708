-- +goose Up
ALTER TABLE {products} ADD automations TEXT NULL;
