-- +goose Up
CREATE TABLE {jtis} (
	jti BINARY(16) NOT NULL,
	exp INT UNSIGNED NOT NULL,
	PRIMARY KEY (jti),
	KEY ix_exp (exp)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
