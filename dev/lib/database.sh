# shellcheck shell=bash
# A private MariaDB: its own data folder and unix socket, no TCP.

# start_database [OPTION…]: afterwards $socket is its socket. The operating system's user who runs this is its administrator.
start_database() {
	socket=$state/db/mysql.sock
	if [ ! -d "$state/db/data/mysql" ]; then
		say "making a private MariaDB in $state/db"
		rm -rf "$state/db"
		install -d -o "$database_user" -m 755 "$state/db" "$state/db/tmp"
		mariadb-install-db --no-defaults --user="$database_user" --datadir="$state/db/data" --skip-test-db \
			--auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" >"$logs/database-install.log" 2>&1 ||
			die "mariadb-install-db failed; what it said is in $logs/database-install.log"
	fi
	database_conf "$@" | configure mariadb "$state/my.cnf"
	if ! running mariadb; then
		start mariadb mariadbd --defaults-file="$state/my.cnf"
		await mariadb 60 sql -e 'SELECT 1'
	fi
}

database_conf() {
	cat <<CONF
[mariadbd]
user = $database_user
datadir = $state/db/data
tmpdir = $state/db/tmp
socket = $socket
pid-file = $state/db/mariadbd.pid
skip-networking
skip-log-bin
character-set-server = utf8mb4
innodb-buffer-pool-size = 128M
innodb-log-file-size = 64M
max-connections = 150
CONF
	printf '%s\n' "$@"
}

# sql [ARGUMENT…]: the mariadb client as administrator, who has the name of the operating system's user.
sql() {
	mariadb --no-defaults --socket="$socket" "$@"
}

# make_database NAME USER PASSWORD: a database and an account that may do everything in it and nothing else.
make_database() {
	sql <<SQL
CREATE DATABASE IF NOT EXISTS \`$1\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
CREATE USER IF NOT EXISTS '$2'@'localhost' IDENTIFIED BY '$3';
ALTER USER '$2'@'localhost' IDENTIFIED BY '$3';
GRANT ALL ON \`$1\`.* TO '$2'@'localhost';
SQL
}
