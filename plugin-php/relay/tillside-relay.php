<?php
/**
 * Plugin Name: Tillside relay
 * Description: Hands browsers' requests below /tillside/ on to Tillside before other plugins and the theme are loaded. Installed from the screen Tillside → Status, where it can also be removed.
 * License:     GPL-3.0-or-later
 *
 * @package Tillside
 */

defined( 'ABSPATH' ) || exit;

( static function (): void {
	$folder = 'tillside'; // The plugin's, when it was installed.
	// The work is done by the plugin, so that an update of it is one of this file too.
	if ( isset( $_SERVER['REQUEST_URI'] ) && false !== strpos( $_SERVER['REQUEST_URI'], '/tillside/v1/' ) // phpcs:ignore WordPress.Security -- Only looked at.
		&& is_file( WP_PLUGIN_DIR . '/' . $folder . '/relay/answer.php' ) ) {
		require WP_PLUGIN_DIR . '/' . $folder . '/relay/answer.php';
	}
} )();
