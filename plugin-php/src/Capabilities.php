<?php
/**
 * Who may manage Tillside.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Gives manage_tillside to whoever may manage the site's options, without writing anything to roles.
 */
final class Capabilities {

	public const MANAGE = 'manage_tillside';

	/**
	 * Adds the filter.
	 */
	public function register(): void {
		add_filter( 'user_has_cap', array( $this, 'grant' ) );
	}

	/**
	 * Grants the capability.
	 *
	 * @param array<string, bool> $capabilities What the user may.
	 * @return array<string, bool> The same, perhaps with one more.
	 */
	public function grant( $capabilities ) {
		if ( ! empty( $capabilities['manage_options'] ) ) {
			$capabilities[ self::MANAGE ] = true;
		}
		return $capabilities;
	}
}
