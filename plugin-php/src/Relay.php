<?php
/**
 * The relay's must-use plugin.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Installs and removes the one file outside the plugin's own folder, only when the owner says so.
 */
final class Relay {

	public const FILE = 'tillside-relay.php';

	/**
	 * Reports whether the relay is installed.
	 *
	 * @return bool Whether it is.
	 */
	public function is_installed(): bool {
		return is_file( self::path() );
	}

	/**
	 * Where the file belongs.
	 *
	 * @return string Path.
	 */
	public static function path(): string {
		return WPMU_PLUGIN_DIR . '/' . self::FILE;
	}

	/**
	 * What the file must contain.
	 *
	 * @return string PHP.
	 */
	public function code(): string {
		$template = (string) file_get_contents( dirname( TILLSIDE_PLUGIN_FILE ) . '/relay/' . self::FILE ); // phpcs:ignore WordPress.WP.AlternativeFunctions -- Our own file.
		return str_replace( "'tillside'", "'" . dirname( plugin_basename( TILLSIDE_PLUGIN_FILE ) ) . "'", $template );
	}

	/**
	 * Writes the file.
	 *
	 * @return true|WP_Error Done, or why not.
	 */
	public function install() {
		$files = self::filesystem();
		if ( $files && ( $files->is_dir( WPMU_PLUGIN_DIR ) || $files->mkdir( WPMU_PLUGIN_DIR, FS_CHMOD_DIR ) )
			&& $files->put_contents( self::path(), $this->code(), FS_CHMOD_FILE ) ) {
			return true;
		}
		/* translators: 1: path of a file, 2: path of a file. */
		return new WP_Error( 'tillside_relay', sprintf( __( 'WordPress may not write %1$s. Copy %2$s there by hand.', 'tillside' ), self::path(), dirname( TILLSIDE_PLUGIN_FILE ) . '/relay/' . self::FILE ) );
	}

	/**
	 * Removes the file, if it is ours.
	 *
	 * @return true|WP_Error Done, or why not.
	 */
	public function remove() {
		if ( ! $this->is_installed() ) {
			return true;
		}
		$files = self::filesystem();
		if ( $files && false !== strpos( (string) $files->get_contents( self::path() ), '@package Tillside' ) && $files->delete( self::path() ) ) {
			return true;
		}
		/* translators: %s: path of a file. */
		return new WP_Error( 'tillside_relay', sprintf( __( 'WordPress may not delete %s. Delete it by hand.', 'tillside' ), self::path() ) );
	}

	/** WordPress's file system, if it needs nobody's password. */
	private static function filesystem(): ?\WP_Filesystem_Base {
		require_once ABSPATH . 'wp-admin/includes/file.php';
		return 'direct' === get_filesystem_method( array(), WP_CONTENT_DIR ) && WP_Filesystem() ? $GLOBALS['wp_filesystem'] : null;
	}
}
