<?php
/**
 * What to do when Tillside does not answer.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Admin;

use Tillside\Sidecar;
use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Turns failures into advice.
 */
final class Help {

	/**
	 * Where Tillside is.
	 *
	 * @var Sidecar
	 */
	private Sidecar $sidecar;

	/**
	 * Creates it.
	 *
	 * @param Sidecar $sidecar Where Tillside is.
	 */
	public function __construct( Sidecar $sidecar ) {
		$this->sidecar = $sidecar;
	}

	/**
	 * Says in plain words why Tillside did not answer and what helps.
	 *
	 * @param WP_Error $error What happened.
	 * @return string Sentences.
	 */
	public function about( WP_Error $error ): string {
		$host = (string) wp_parse_url( $this->sidecar->url(), PHP_URL_HOST );
		switch ( $error->get_error_code() ) {
			case 'tillside_unpaired':
				return __( 'Tillside has never called this site. Install and start it on this server; it finds the site by itself.', 'tillside' );
			case 'tillside_no_keys':
				return __( 'The site has no usable keys. Deactivate and activate the plugin, or correct TILLSIDE_KEYS.', 'tillside' );
			case 'http_request_not_executed':
				/* translators: %s: host name. */
				return sprintf( __( 'wp-config.php blocks calls to other hosts (WP_HTTP_BLOCK_EXTERNAL). Add %s to WP_ACCESSIBLE_HOSTS there.', 'tillside' ), $host );
			case 'tillside_unauthorized':
				return __( 'Tillside does not accept the site\'s signature. Both must use the same keys and the same address of the site, and their clocks must agree. Run: tillside doctor', 'tillside' );
			case 'tillside_forbidden':
			case 'tillside_unavailable':
				return $error->get_error_message();
		}
		if ( false !== strpos( $error->get_error_message(), 'cURL error 28' ) ) {
			return __( 'Tillside takes too long to answer. Is its database busy? Run: tillside doctor', 'tillside' );
		}
		/* translators: 1: address, 2: what went wrong. */
		return sprintf( __( 'Nothing answers at %1$s (%2$s). Start Tillside.', 'tillside' ), $this->sidecar->url(), $error->get_error_message() );
	}

	/**
	 * Commands that start Tillside on this server.
	 *
	 * @return array<string, string> Command by what it does.
	 */
	public function commands(): array {
		$folder = "'" . str_replace( "'", "'\\''", untrailingslashit( ABSPATH ) ) . "'";
		return array(
			__( 'Where a service is set up:', 'tillside' )       => 'sudo systemctl start tillside',
			__( 'By hand, to try it:', 'tillside' )              => 'tillside serve --wordpress ' . $folder,
			__( 'Without root, once and for all:', 'tillside' )  => 'tillside install --user --wordpress ' . $folder,
			__( 'To find out what is wrong:', 'tillside' )       => 'tillside doctor --wordpress ' . $folder,
		);
	}
}
