-- +goose Up
CREATE TABLE {contacts} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	public_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	email VARCHAR(254) NOT NULL,
	email_key BINARY(32) NOT NULL,
	first_name VARCHAR(100) NOT NULL,
	last_name VARCHAR(100) NOT NULL,
	user_id BIGINT UNSIGNED NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_public_id (public_id),
	UNIQUE KEY uq_email_key (email_key),
	KEY ix_user_id (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
