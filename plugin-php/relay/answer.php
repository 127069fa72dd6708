<?php
/**
 * Answers a request below /tillside/v1/ by handing it on to Tillside. Included by the must-use plugin, while WordPress
 * has its database, options and HTTP client, but no other plugin, no user and no translations.
 *
 * @package Tillside
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

( static function ( string $folder ): void {
	$uri  = isset( $_SERVER['REQUEST_URI'] ) ? (string) $_SERVER['REQUEST_URI'] : ''; // phpcs:ignore WordPress.Security -- Compared and matched against a list.
	$path = (string) strtok( $uri, '?' );
	$base = rtrim( (string) wp_parse_url( (string) get_option( 'home' ), PHP_URL_PATH ), '/' ) . '/tillside';
	if ( 0 !== strpos( $path, $base . '/v1/' ) ) {
		return;
	}
	$plugin  = $folder . '/tillside.php';
	$network = is_multisite() ? (array) get_site_option( 'active_sitewide_plugins', array() ) : array();
	if ( ! in_array( $plugin, (array) get_option( 'active_plugins', array() ), true ) && ! isset( $network[ $plugin ] ) ) {
		return;
	}
	if ( ! defined( 'TILLSIDE_PLUGIN_VERSION' ) ) {
		define( 'TILLSIDE_PLUGIN_VERSION', 'relay' );
	}
	foreach ( array( 'Site', 'Keys', 'Token', 'Sidecar', 'Client', 'Slots', 'Proxy', 'Way' ) as $name ) {
		require_once dirname( __DIR__ ) . '/src/' . $name . '.php';
	}
	$site   = new \Tillside\Site();
	$client = new \Tillside\Client( new \Tillside\Sidecar(), new \Tillside\Token( \Tillside\Keys::load(), $site->home() ) );
	$client->register();
	$proxy  = new \Tillside\Proxy( $client, \Tillside\Slots::of_site( $site ) );
	$method = isset( $_SERVER['REQUEST_METHOD'] ) ? (string) $_SERVER['REQUEST_METHOD'] : ''; // phpcs:ignore WordPress.Security -- Matched against a list.
	$answer = $proxy->forward( $method, substr( $path, strlen( $base ) ), array( \Tillside\Proxy::class, 'raw_body' ), \Tillside\Proxy::headers( $_SERVER ), \Tillside\Proxy::client_ip() );

	status_header( $answer['status'] );
	foreach ( $answer['headers'] + array( \Tillside\Way::HEADER => \Tillside\Way::RELAY ) as $name => $value ) {
		header( $name . ': ' . $value );
	}
	echo $answer['body']; // phpcs:ignore WordPress.Security.EscapeOutput -- Tillside's JSON, sent as JSON.
	exit;
} )( $folder ?? 'tillside' ); // The must-use plugin says where the plugin is: this file may be behind a link.
