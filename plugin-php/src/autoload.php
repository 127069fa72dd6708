<?php
/**
 * Loads the plugin's classes: Tillside\Rest\Guard is src/Rest/Guard.php.
 *
 * @package Tillside
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

spl_autoload_register(
	static function ( string $class_name ): void {
		if ( 0 !== strncmp( $class_name, 'Tillside\\', 9 ) ) {
			return;
		}
		$file = __DIR__ . '/' . str_replace( '\\', '/', substr( $class_name, 9 ) ) . '.php';
		if ( is_file( $file ) ) {
			require_once $file;
		}
	}
);
