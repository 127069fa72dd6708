<?php
/**
 * Prepares the site for the tests: Tillside's own tables, from its migrations.
 *
 * @package Tillside
 */

declare( strict_types=1 );

if ( ! defined( 'ABSPATH' ) ) {
	fwrite( STDERR, "Run: WP_DIR=… php -d auto_prepend_file=tests/wp-prepend.php /usr/bin/phpunit -c phpunit.xml\n" );
	exit( 1 );
}
if ( ! is_plugin_active( 'tillside/tillside.php' ) ) {
	fwrite( STDERR, "The plugin is not active in " . ABSPATH . "\n" );
	exit( 1 );
}

foreach ( array( 'jtis', 'wp_events', 'mails' ) as $table ) {
	$files = glob( dirname( __DIR__, 2 ) . '/server/mysql/migrations/*_' . $table . '.sql' );
	$sql   = (string) preg_replace( '/^--.*$/m', '', (string) file_get_contents( $files[0] ) );
	$sql   = str_replace( array( '{' . $table . '}', '{collation}' ), array( $GLOBALS['wpdb']->prefix . 'tillside_' . $table, $GLOBALS['wpdb']->collate ), $sql );
	$GLOBALS['wpdb']->query( 'DROP TABLE IF EXISTS ' . $GLOBALS['wpdb']->prefix . 'tillside_' . $table );
	if ( false === $GLOBALS['wpdb']->query( $sql ) ) {
		fwrite( STDERR, $GLOBALS['wpdb']->last_error . "\n" );
		exit( 1 );
	}
}

require_once __DIR__ . '/TestCase.php';
