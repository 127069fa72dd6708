<?php
/**
 * Which roles a purchase may grant.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use WP_User;

defined( 'ABSPATH' ) || exit;

/**
 * A role that can change users, options, code or others' posts is never granted by a purchase, whoever asks.
 */
final class Roles {

	private const FORBIDDEN = array(
		'manage_options',
		'edit_users',
		'create_users',
		'delete_users',
		'remove_users',
		'promote_users',
		'list_users',
		'activate_plugins',
		'edit_plugins',
		'install_plugins',
		'update_plugins',
		'delete_plugins',
		'switch_themes',
		'edit_themes',
		'install_themes',
		'update_themes',
		'delete_themes',
		'edit_theme_options',
		'edit_files',
		'edit_dashboard',
		'update_core',
		'unfiltered_html',
		'unfiltered_upload',
		'import',
		'export',
		'manage_categories',
		'moderate_comments',
		'manage_tillside',
	);

	private const FORBIDDEN_PREFIXES = array( 'edit_others_', 'delete_others_', 'manage_network', 'manage_sites', 'manage_woocommerce' );

	/**
	 * Reports whether a role exists.
	 *
	 * @param string $role Name.
	 * @return bool Whether it does.
	 */
	public function exists( string $role ): bool {
		return wp_roles()->is_role( $role );
	}

	/**
	 * Reports whether a purchase must not grant a role.
	 *
	 * @param string $role Name.
	 * @return bool Whether it must not.
	 */
	public function is_forbidden( string $role ): bool {
		$object = get_role( $role );
		return null === $object || self::is_strong( $object->capabilities );
	}

	/**
	 * The roles that a purchase must not grant.
	 *
	 * @return string[] Names.
	 */
	public function forbidden(): array {
		return array_values( array_filter( array_map( 'strval', array_keys( wp_roles()->roles ) ), array( $this, 'is_forbidden' ) ) );
	}

	/**
	 * Reports whether an account is one that Tillside must not touch.
	 *
	 * @param WP_User $user User.
	 * @return bool Whether it is.
	 */
	public function is_powerful( WP_User $user ): bool {
		return self::is_strong( (array) $user->allcaps ) || ( is_multisite() && is_super_admin( $user->ID ) );
	}

	/** Reports whether one of the capabilities is too much. */
	private static function is_strong( array $capabilities ): bool {
		foreach ( array_keys( array_filter( $capabilities ) ) as $capability ) {
			if ( in_array( $capability, self::FORBIDDEN, true ) ) {
				return true;
			}
			foreach ( self::FORBIDDEN_PREFIXES as $prefix ) {
				if ( 0 === strpos( (string) $capability, $prefix ) ) {
					return true;
				}
			}
		}
		return false;
	}
}
