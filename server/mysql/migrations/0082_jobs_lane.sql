-- +goose Up
ALTER TABLE {jobs}
	ADD lane_id BIGINT UNSIGNED NULL,
	MODIFY state ENUM('ready', 'running', 'dead', 'laned') NOT NULL,
	ADD KEY ix_lane_id_state (lane_id, state);
