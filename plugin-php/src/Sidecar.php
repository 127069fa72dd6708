<?php
/**
 * What is known about the running Tillside.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Where Tillside answers and when it last said hello.
 */
final class Sidecar {

	public const OPTION = 'tillside_sidecar';

	/**
	 * The address under which this server reaches Tillside.
	 *
	 * @return string Without a trailing slash; "" before the first hello.
	 */
	public function url(): string {
		if ( defined( 'TILLSIDE_URL' ) && '' !== (string) TILLSIDE_URL ) {
			return rtrim( (string) TILLSIDE_URL, '/' );
		}
		$env = (string) getenv( 'TILLSIDE_URL' );
		return '' !== $env ? rtrim( $env, '/' ) : $this->stored( 'url' );
	}

	/**
	 * The path on the site under which a reverse proxy hands browsers to Tillside.
	 *
	 * @return string Such as "/tillside"; "" when unknown.
	 */
	public function path(): string {
		return $this->stored( 'path' );
	}

	/**
	 * Tillside's version at its last hello.
	 *
	 * @return string Version, or "".
	 */
	public function version(): string {
		return $this->stored( 'version' );
	}

	/**
	 * When Tillside last said hello.
	 *
	 * @return int Unix time, or 0.
	 */
	public function last_seen(): int {
		$value = get_option( self::OPTION );
		return is_array( $value ) ? (int) ( $value['seen'] ?? 0 ) : 0;
	}

	/**
	 * Remembers what a hello said. Within an hour it writes only what is new.
	 *
	 * @param string $version Version.
	 * @param string $url     Address for this server.
	 * @param string $path    Path for browsers.
	 */
	public function remember( string $version, string $url, string $path ): void {
		$url  = preg_match( '#^https?://[^/?\#@\s]+(/[^?\#\s]*)?\z#', $url ) ? rtrim( $url, '/' ) : '';
		$path = preg_match( '#^(/[A-Za-z0-9._~-]+)+\z#', rtrim( $path, '/' ) ) ? rtrim( $path, '/' ) : '';
		$new  = array(
			'version' => substr( sanitize_text_field( $version ), 0, 64 ),
			'url'     => $url,
			'path'    => $path,
		);
		$old  = get_option( self::OPTION );
		$same = is_array( $old ) && array_intersect_key( $old, $new ) === $new;
		if ( ! $same || time() - (int) ( $old['seen'] ?? 0 ) > HOUR_IN_SECONDS ) {
			update_option( self::OPTION, $new + array( 'seen' => time() ), true );
		}
	}

	/** One of the remembered texts. */
	private function stored( string $name ): string {
		$value = get_option( self::OPTION );
		return is_array( $value ) ? (string) ( $value[ $name ] ?? '' ) : '';
	}
}
