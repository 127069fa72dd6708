<?php
/**
 * Runs when the plugin is deleted.
 *
 * @package Tillside
 */

declare( strict_types=1 );

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

if ( ! defined( 'TILLSIDE_PLUGIN_FILE' ) ) {
	define( 'TILLSIDE_PLUGIN_FILE', __DIR__ . '/tillside.php' );
}
require_once __DIR__ . '/src/autoload.php';

\Tillside\Uninstaller::run();
