<?php
/**
 * Activation.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Makes the site ready. Deactivation keeps everything; uninstall.php removes it.
 */
final class Installer {

	private const WORDPRESS = '6.8';
	private const PHP       = '7.4';

	/**
	 * Checks the versions and makes the first key, if there is none anywhere.
	 */
	public static function activate(): void {
		$problem = self::problem( (string) get_bloginfo( 'version' ), PHP_VERSION );
		if ( '' !== $problem ) {
			wp_die( esc_html( $problem ), esc_html__( 'Tillside', 'tillside' ), array( 'back_link' => true ) );
		}
		self::make_keys();
		delete_option( ThemePages::RULES ); // The next request writes the rules: those of this one are made.
	}

	/**
	 * Lets WordPress write its rules without ours, at the next request.
	 */
	public static function deactivate(): void {
		delete_option( ThemePages::RULES );
		delete_option( 'rewrite_rules' );
	}

	/**
	 * Says why the plugin cannot run.
	 *
	 * @param string $wordpress WordPress's version.
	 * @param string $php       PHP's version.
	 * @return string "" when it can.
	 */
	public static function problem( string $wordpress, string $php ): string {
		if ( version_compare( $wordpress, self::WORDPRESS, '<' ) ) {
			/* translators: 1: version needed, 2: version there. */
			return sprintf( __( 'Tillside needs WordPress %1$s or newer; this is %2$s.', 'tillside' ), self::WORDPRESS, $wordpress );
		}
		if ( version_compare( $php, self::PHP, '<' ) ) {
			/* translators: 1: version needed, 2: version there. */
			return sprintf( __( 'Tillside needs PHP %1$s or newer; this is %2$s.', 'tillside' ), self::PHP, $php );
		}
		return '';
	}

	/**
	 * Makes the first key, in an option that is not loaded with every page.
	 */
	public static function make_keys(): void {
		if ( '' === Keys::configured() && '' === (string) get_option( Keys::OPTION, '' ) ) {
			update_option( Keys::OPTION, Keys::generate(), false );
		}
	}
}
