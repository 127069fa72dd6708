-- +goose Up
CREATE TABLE {mails} (
	id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	state ENUM('sending', 'sent') NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	KEY ix_updated_at (updated_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
