<?php
/**
 * Installs WordPress into its empty database, once; run again it changes nothing.
 *
 * Reads SITE_URL, SITE_TITLE, ADMIN_USER, ADMIN_EMAIL and ADMIN_PASSWORD from the environment; WordPress is the working folder.
 */

define( 'WP_INSTALLING', true );
require __DIR__ . '/request.php';
require getcwd() . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';

if ( ! is_blog_installed() ) {
	wp_install( getenv( 'SITE_TITLE' ), getenv( 'ADMIN_USER' ), getenv( 'ADMIN_EMAIL' ), true, '', getenv( 'ADMIN_PASSWORD' ) );
	update_option( 'permalink_structure', '/%postname%/' );
	update_option( 'timezone_string', 'Europe/Berlin' );
}
foreach ( array( 'home', 'siteurl' ) as $name ) {
	if ( getenv( 'SITE_URL' ) !== get_option( $name ) ) {
		update_option( $name, getenv( 'SITE_URL' ) );
	}
}
