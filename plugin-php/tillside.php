<?php
/**
 * Plugin Name:       Tillside
 * Description:       Order forms that sell on your own pages. Works together with Tillside, the checkout service that runs on your own server.
 * Version:           0.1.0
 * Requires at least: 6.8
 * Requires PHP:      7.4
 * Author:            The Tillside contributors
 * License:           GPL-3.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-3.0.html
 * Text Domain:       tillside
 * Domain Path:       /languages
 *
 * @package Tillside
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

define( 'TILLSIDE_PLUGIN_VERSION', '0.1.0' );
define( 'TILLSIDE_PLUGIN_FILE', __FILE__ );

require_once __DIR__ . '/src/autoload.php';
require_once __DIR__ . '/src/functions.php';

register_activation_hook( __FILE__, array( \Tillside\Installer::class, 'activate' ) );
register_deactivation_hook( __FILE__, array( \Tillside\Installer::class, 'deactivate' ) );

\Tillside\Plugin::instance()->register();
