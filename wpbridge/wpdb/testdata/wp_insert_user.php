<?php
/**
 * Makes users with wp_insert_user inside a transaction that is rolled back, and
 * prints the rows. CLI only: php wp_insert_user.php WORDPRESS_FOLDER < users.json
 *
 * @package Tillside
 */

if ( 'cli' !== PHP_SAPI ) {
	exit( 1 );
}

// Keeps plugins out: the rows shall be WordPress's own.
define( 'WP_INSTALLING', true );
$_SERVER['HTTP_HOST']   = 'localhost';
$_SERVER['REQUEST_URI'] = '/';
require $argv[1] . '/wp-load.php';

$tillside_in  = json_decode( stream_get_contents( STDIN ), true );
$tillside_out = array(
	'wp_version' => get_bloginfo( 'version' ),
	'prefix'     => $wpdb->prefix,
	'user_roles' => $wpdb->get_var( $wpdb->prepare( "SELECT option_value FROM {$wpdb->options} WHERE option_name = %s", $wpdb->prefix . 'user_roles' ) ),
	'users'      => array(),
);

$wpdb->query( 'START TRANSACTION' );
foreach ( $tillside_in as $tillside_user ) {
	$tillside_id = wp_insert_user(
		wp_slash(
			array(
				'user_login' => $tillside_user['login'],
				'user_email' => $tillside_user['email'],
				'user_pass'  => 'secret',
				'first_name' => $tillside_user['first_name'],
				'last_name'  => $tillside_user['last_name'],
				'role'       => $tillside_user['roles'][0],
			)
		)
	);
	if ( is_wp_error( $tillside_id ) || ! $tillside_id ) {
		$wpdb->query( 'ROLLBACK' );
		fwrite( STDERR, $tillside_user['login'] . ': ' . ( is_wp_error( $tillside_id ) ? $tillside_id->get_error_message() : $wpdb->last_error ) . "\n" );
		exit( 1 );
	}
	foreach ( array_slice( $tillside_user['roles'], 1 ) as $tillside_role ) {
		( new WP_User( $tillside_id ) )->add_role( $tillside_role );
	}
	$tillside_user['row']    = $wpdb->get_row( $wpdb->prepare( "SELECT * FROM {$wpdb->users} WHERE ID = %d", $tillside_id ), ARRAY_A );
	$tillside_user['meta']   = $wpdb->get_results( $wpdb->prepare( "SELECT meta_key, meta_value FROM {$wpdb->usermeta} WHERE user_id = %d ORDER BY umeta_id", $tillside_id ), ARRAY_N );
	$tillside_out['users'][] = $tillside_user;
}
$wpdb->query( 'ROLLBACK' );

echo json_encode( $tillside_out, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ), "\n";
