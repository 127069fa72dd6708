-- +goose Up
ALTER TABLE {offers} ADD automations TEXT NULL;
