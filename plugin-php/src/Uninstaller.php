<?php
/**
 * Removal.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use Tillside\Admin\StatusActions;

defined( 'ABSPATH' ) || exit;

/**
 * Removes what the plugin stored. Tillside's tables hold orders and go only if the owner said so.
 */
final class Uninstaller {

	/**
	 * Cleans every site and the relay's file.
	 */
	public static function run(): void {
		if ( is_multisite() ) {
			foreach ( get_sites(
				array(
					'fields' => 'ids',
					'number' => 0,
				)
			) as $id ) {
				switch_to_blog( (int) $id );
				self::clean_site();
				restore_current_blog();
			}
		} else {
			self::clean_site();
		}
		( new Relay() )->remove();
	}

	/**
	 * Cleans one site.
	 */
	public static function clean_site(): void {
		global $wpdb;
		if ( '1' === (string) get_option( StatusActions::DELETE_DATA, '' ) ) {
			$tables = $wpdb->get_col( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $wpdb->prefix . 'tillside_' ) . '%' ) ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
			$wpdb->query( 'SET FOREIGN_KEY_CHECKS = 0' ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
			foreach ( $tables as $table ) {
				$wpdb->query( $wpdb->prepare( 'DROP TABLE IF EXISTS %i', $table ) ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
			}
			$wpdb->query( 'SET FOREIGN_KEY_CHECKS = 1' ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
		}
		$names = $wpdb->get_col( // phpcs:ignore WordPress.DB.DirectDatabaseQuery
			$wpdb->prepare(
				'SELECT option_name FROM %i WHERE option_name LIKE %s OR option_name LIKE %s OR option_name LIKE %s',
				$wpdb->options,
				$wpdb->esc_like( 'tillside_' ) . '%',
				$wpdb->esc_like( '_transient_tillside_' ) . '%',
				$wpdb->esc_like( '_transient_timeout_tillside_' ) . '%'
			)
		);
		foreach ( $names as $name ) {
			delete_option( $name );
		}
		foreach ( array( 'tillside_login', 'tillside_key', 'tillside_registered' ) as $key ) {
			delete_metadata( 'user', 0, $key, '', true );
		}
	}
}
