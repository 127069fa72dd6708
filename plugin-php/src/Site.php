<?php
/**
 * Addresses and tables of the site.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Knows what the site is called, in the words that Tillside uses too.
 */
final class Site {

	/**
	 * The site's address as it stands in the option: home_url() would take the scheme of the request.
	 *
	 * @return string Without a trailing slash.
	 */
	public function home(): string {
		return rtrim( (string) get_option( 'home' ), '/' );
	}

	/**
	 * The path of the site's address.
	 *
	 * @return string "" or "/shop".
	 */
	public function home_path(): string {
		return rtrim( (string) wp_parse_url( $this->home(), PHP_URL_PATH ), '/' );
	}

	/**
	 * The name of one of Tillside's tables, all of which Tillside itself creates.
	 *
	 * @param string $name Short name: "jtis".
	 * @return string Full name.
	 */
	public function table( string $name ): string {
		global $wpdb;
		return $wpdb->prefix . 'tillside_' . $name;
	}

	/**
	 * Runs a statement that may meet a missing table, quietly.
	 *
	 * @param string $sql Prepared SQL.
	 * @return int|false Rows, or false when the database refused.
	 */
	public function quietly( string $sql ) {
		global $wpdb;
		$before = $wpdb->suppress_errors( true );
		$rows   = $wpdb->query( $sql ); // phpcs:ignore WordPress.DB -- Callers prepare it; these tables have no cache.
		$wpdb->suppress_errors( $before );
		return is_int( $rows ) ? $rows : false;
	}

	/**
	 * Turns an address on the site into a path, so that a page works under any name of the host.
	 *
	 * @param string $url Address.
	 * @return string Path and query; the address itself when it is another host's.
	 */
	public function relative( string $url ): string {
		$host = wp_parse_url( $url, PHP_URL_HOST );
		return wp_parse_url( $this->home(), PHP_URL_HOST ) === $host ? wp_make_link_relative( $url ) : $url;
	}
}
