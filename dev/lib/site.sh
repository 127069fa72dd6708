# shellcheck shell=bash
# A whole WordPress site in $state: database, core, configuration, plugin, pages, web server.

table_prefix=wp_
admin_user=admin

# prepare_wordpress DATABASE URL: the core unpacked and configured, WordPress installed; no web server yet.
prepare_wordpress() {
	site_url=$2
	db_name=$1
	local version=${WORDPRESS:-6.8}
	made_with WORDPRESS "$version"
	fetch_wordpress "$version"
	make_database "$db_name" wordpress "$(secret db)"
	if [ ! -f "$state/wordpress/wp-load.php" ]; then
		say "unpacking WordPress $version"
		rm -rf "$state/wordpress.new"
		cp -r "$core" "$state/wordpress.new"
		mkdir -p "$state/wordpress.new/wp-content/uploads"
		[ -z "$is_root" ] || chown -R "$web_user:$web_user" "$state/wordpress.new"
		mv "$state/wordpress.new" "$state/wordpress"
	fi
	(umask 077 && wp_config >"$state/wp-config.new")
	[ -z "$is_root" ] || chown "$web_user:$web_user" "$state/wp-config.new"
	mv "$state/wp-config.new" "$state/wordpress/wp-config.php"
	link_plugin
	wordpress_php install.php
	wordpress_php content.php
}

# The plugin of this checkout is linked in, or copied when the web server's user cannot reach it.
link_plugin() {
	local source target=$state/wordpress/wp-content/plugins/tillside
	source=$(readlink -f "$here/../plugin-php")
	[ -f "$source/tillside.php" ] || die "no plugin at $source/tillside.php"
	rm -rf "$target"
	if as_web test -r "$source/tillside.php"; then
		ln -s "$source" "$target"
	else
		cp -r "$source" "$target"
		[ -z "$is_root" ] || chown -R "$web_user:$web_user" "$target"
	fi
}

# wordpress_php SCRIPT: one of our PHP scripts inside WordPress, as the web server's user.
wordpress_php() {
	install -D -m 644 -t "$state/bin" "$here/lib/request.php" "$here/lib/$1"
	(
		cd "$state/wordpress"
		SITE_URL=$site_url SITE_TITLE='Tillside demo' ADMIN_USER=$admin_user ADMIN_EMAIL=owner@example.com ADMIN_PASSWORD=$(secret admin)
		export SITE_URL SITE_TITLE ADMIN_USER ADMIN_EMAIL ADMIN_PASSWORD
		as_web php -d display_errors=stderr -d sendmail_path=/bin/true "$state/bin/$1"
	) >>"$logs/wordpress.log" 2>&1 || {
		tail -n 20 "$logs/wordpress.log" >&2
		die "$1 failed; what it said is in $logs/wordpress.log"
	}
}

wp_config() {
	cat <<PHP
<?php
define( 'DB_NAME', '$db_name' );
define( 'DB_USER', 'wordpress' );
define( 'DB_PASSWORD', '$(secret db)' );
define( 'DB_HOST', 'localhost:$socket' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
$(for name in AUTH SECURE_AUTH LOGGED_IN NONCE; do
		printf "define( '%s_KEY', '%s' );\ndefine( '%s_SALT', '%s' );\n" "$name" "$(secret "$name-key")" "$name" "$(secret "$name-salt")"
	done)
\$table_prefix = '$table_prefix';
define( 'WP_ENVIRONMENT_TYPE', 'local' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', '$state/wordpress-debug.log' );
// Nothing of a demo leaves the machine, and nothing runs by itself.
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1,localhost' );
define( 'DISABLE_WP_CRON', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
PHP
}

# site_up PORT: everything but Tillside itself.
site_up() {
	install_site_packages
	start_database
	[ -f "$state/wordpress-debug.log" ] || install -o "$web_user" -m 644 /dev/null "$state/wordpress-debug.log"
	prepare_wordpress wordpress "http://127.0.0.1:$1"
	start_web "$1"
	say "WordPress answers at $site_url"
}

install_site_packages() {
	# shellcheck disable=SC2086 # a list of words
	install_packages $site_packages
}

site_down() {
	local name
	for name in nginx php mariadb; do stop "$name"; done
}
