<?php
/**
 * Loads WordPress before PHPUnit, by auto_prepend_file: a PHPUnit bootstrap runs inside a method, where WordPress's
 * globals would become locals. WP_DIR is a WordPress with the plugin active, on a database that may be thrown away.
 *
 * @package Tillside
 */

if ( getenv( 'WP_DIR' ) ) {
	$_SERVER = array(
		'HTTP_HOST'       => 'wp.test',
		'SERVER_NAME'     => 'wp.test',
		'REQUEST_METHOD'  => 'GET',
		'SERVER_PROTOCOL' => 'HTTP/1.1',
		'REQUEST_URI'     => '/',
		'REMOTE_ADDR'     => '127.0.0.1',
	) + $_SERVER;
	require getenv( 'WP_DIR' ) . '/wp-load.php';
	require_once ABSPATH . 'wp-admin/includes/user.php';
	require_once ABSPATH . 'wp-admin/includes/plugin.php';
}
