<?php
/**
 * The screen Tillside → Status.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Admin;

use Tillside\Capabilities;
use Tillside\Client;

defined( 'ABSPATH' ) || exit;

/**
 * Puts the screen into the menu and gathers what it shows.
 */
final class StatusScreen {

	public const SLUG = 'tillside';

	private const PATIENCE_MS = 12000; // Tillside asks WordPress and Stripe before it answers.

	/**
	 * HTTP client.
	 *
	 * @var Client
	 */
	private Client $client;

	/**
	 * Prints the screen.
	 *
	 * @var StatusView
	 */
	private StatusView $view;

	/**
	 * Creates the screen.
	 *
	 * @param Client     $client HTTP client.
	 * @param StatusView $view   Prints the screen.
	 */
	public function __construct( Client $client, StatusView $view ) {
		$this->client = $client;
		$this->view   = $view;
	}

	/**
	 * Adds the hooks.
	 */
	public function register(): void {
		add_action( 'admin_menu', array( $this, 'add_menu' ) );
		add_action( 'admin_enqueue_scripts', array( $this, 'enqueue' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( TILLSIDE_PLUGIN_FILE ), array( $this, 'add_link' ) );
	}

	/**
	 * Adds the menu.
	 */
	public function add_menu(): void {
		add_menu_page( 'Tillside', 'Tillside', Capabilities::MANAGE, self::SLUG, array( $this, 'show' ), 'dashicons-cart' );
		add_submenu_page( self::SLUG, __( 'Tillside status', 'tillside' ), __( 'Status', 'tillside' ), Capabilities::MANAGE, self::SLUG, array( $this, 'show' ) );
	}

	/**
	 * Adds a link on the screen of plugins.
	 *
	 * @param string[] $links Links.
	 * @return string[] Links.
	 */
	public function add_link( $links ) {
		if ( current_user_can( Capabilities::MANAGE ) ) {
			array_unshift( $links, sprintf( '<a href="%s">%s</a>', esc_url( admin_url( 'admin.php?page=' . self::SLUG ) ), esc_html__( 'Status', 'tillside' ) ) );
		}
		return $links;
	}

	/**
	 * Enqueues the screen's style and script, on this screen only.
	 *
	 * @param string $hook Screen.
	 */
	public function enqueue( $hook ): void {
		if ( 'toplevel_page_' . self::SLUG !== $hook ) {
			return;
		}
		wp_enqueue_style( 'tillside-status', plugins_url( 'admin/status.css', TILLSIDE_PLUGIN_FILE ), array(), TILLSIDE_PLUGIN_VERSION );
		wp_enqueue_script( 'tillside-status', plugins_url( 'admin/status.js', TILLSIDE_PLUGIN_FILE ), array( 'wp-api-fetch', 'wp-i18n', 'wp-a11y' ), TILLSIDE_PLUGIN_VERSION, true );
		wp_set_script_translations( 'tillside-status', 'tillside', dirname( TILLSIDE_PLUGIN_FILE ) . '/languages' );
	}

	/**
	 * Shows the screen.
	 */
	public function show(): void {
		if ( ! current_user_can( Capabilities::MANAGE ) ) {
			return;
		}
		$name   = StatusActions::NOTICE . get_current_user_id();
		$notice = get_transient( $name );
		delete_transient( $name );
		$status = $this->client->json( 'admin', 'GET', '/v1/admin/status', null, self::PATIENCE_MS );
		$this->view->show( $status, is_array( $notice ) ? $notice : array() );
	}
}
