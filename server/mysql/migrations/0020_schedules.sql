-- +goose Up
CREATE TABLE {schedules} (
	name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	next_run_at DATETIME(6) NOT NULL,
	PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
