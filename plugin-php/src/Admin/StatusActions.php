<?php
/**
 * The buttons of the status screen.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Admin;

use Tillside\Capabilities;
use Tillside\Client;
use Tillside\Relay;
use Tillside\Way;
use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Handles admin-post.php?action=tillside_…; each has a nonce of its own and ends with a notice on the screen.
 */
final class StatusActions {

	public const NOTICE      = 'tillside_notice_';
	public const DELETE_DATA = 'tillside_delete_data';

	/** What the screen can do. */
	public const ACTIONS = array( 'probe', 'relay_install', 'relay_remove', 'stripe', 'fence', 'delete_data' );

	/**
	 * HTTP client.
	 *
	 * @var Client
	 */
	private Client $client;

	/**
	 * The browser's way.
	 *
	 * @var Way
	 */
	private Way $way;

	/**
	 * The relay's file.
	 *
	 * @var Relay
	 */
	private Relay $relay;

	/**
	 * Creates the handlers.
	 *
	 * @param Client $client HTTP client.
	 * @param Way    $way    The browser's way.
	 * @param Relay  $relay  The relay's file.
	 */
	public function __construct( Client $client, Way $way, Relay $relay ) {
		$this->client = $client;
		$this->way    = $way;
		$this->relay  = $relay;
	}

	/**
	 * Adds the hooks.
	 */
	public function register(): void {
		foreach ( self::ACTIONS as $action ) {
			add_action(
				'admin_post_tillside_' . $action,
				function () use ( $action ): void {
					$this->handle( $action );
				}
			);
		}
	}

	/**
	 * Checks nonce and capability, acts, and goes back to the screen.
	 *
	 * @param string $action Action.
	 */
	public function handle( string $action ): void {
		check_admin_referer( 'tillside_' . $action );
		if ( ! current_user_can( Capabilities::MANAGE ) ) {
			wp_die( esc_html__( 'You may not manage Tillside.', 'tillside' ), '', array( 'response' => 403 ) );
		}
		$done = $this->$action();
		set_transient(
			self::NOTICE . get_current_user_id(),
			array(
				'type' => is_wp_error( $done ) ? 'error' : 'success',
				'text' => is_wp_error( $done ) ? $done->get_error_message() : $done,
			),
			MINUTE_IN_SECONDS
		);
		if ( wp_safe_redirect( admin_url( 'admin.php?page=tillside' ), 303 ) ) {
			exit;
		}
	}

	/** Tries the ways in. */
	private function probe() {
		$report = $this->way->probe();
		if ( in_array( '', $report, true ) ) {
			/* translators: %s: name of a way in. */
			return sprintf( __( 'Done. Pages now use: %s.', 'tillside' ), StatusView::way_name( $this->way->mode() ) );
		}
		return new WP_Error( 'tillside_probe', __( 'No way in answered when the site called itself. What your browser found is shown below.', 'tillside' ) );
	}

	/** Installs the relay, which needs a tick. */
	private function relay_install() {
		// phpcs:ignore WordPress.Security.NonceVerification -- handle() has checked it.
		if ( empty( $_POST['consent'] ) ) {
			return new WP_Error( 'tillside_relay', __( 'Tick the box first: the relay is a file outside of the plugin\'s own folder.', 'tillside' ) );
		}
		$done = $this->relay->install();
		if ( is_wp_error( $done ) ) {
			return $done;
		}
		$this->way->probe();
		return __( 'The relay is installed.', 'tillside' );
	}

	/** Removes the relay. */
	private function relay_remove() {
		$done = $this->relay->remove();
		if ( is_wp_error( $done ) ) {
			return $done;
		}
		if ( Way::RELAY === $this->way->mode() ) {
			delete_option( Way::OPTION );
		}
		$this->way->probe();
		return __( 'The relay is removed.', 'tillside' );
	}

	/** Hands Stripe's keys to Tillside. They are kept nowhere here. */
	private function stripe() {
		$secret      = self::text( 'secret_key' );
		$publishable = self::text( 'publishable_key' );
		if ( ! preg_match( '/^[sr]k_(test|live)_[A-Za-z0-9_]+\z/', $secret, $one ) || ! preg_match( '/^pk_(test|live)_[A-Za-z0-9_]+\z/', $publishable, $two ) ) {
			return new WP_Error( 'tillside_stripe', __( 'A secret key begins with sk_ or rk_, a publishable key with pk_. Copy both from Stripe\'s dashboard under Developers → API keys.', 'tillside' ) );
		}
		if ( $one[1] !== $two[1] ) {
			return new WP_Error( 'tillside_stripe', __( 'One key is for test mode and the other for live mode.', 'tillside' ) );
		}
		$answer = $this->client->json(
			'admin',
			'PUT',
			'/v1/admin/gateways/stripe',
			array(
				'secret_key'      => $secret,
				'publishable_key' => $publishable,
			),
			20000
		);
		return is_wp_error( $answer ) ? $answer : __( 'Stripe\'s keys are saved.', 'tillside' );
	}

	/** Decides whether the site moved or is a copy. */
	private function fence() {
		$decision = self::text( 'decision' );
		if ( ! in_array( $decision, array( 'moved', 'copy' ), true ) ) {
			return new WP_Error( 'tillside_fence', __( 'Say whether the site moved or was copied.', 'tillside' ) );
		}
		$answer = $this->client->json( 'admin', 'POST', '/v1/admin/fence', array( 'decision' => $decision ), 20000 );
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		return 'moved' === $decision ? __( 'This is the site, at a new place. Tillside works on.', 'tillside' ) : __( 'This is a copy. It starts anew, without the original\'s payment keys.', 'tillside' );
	}

	/** Chooses what deleting the plugin deletes. */
	private function delete_data() {
		// phpcs:ignore WordPress.Security.NonceVerification -- handle() has checked it.
		$delete = ! empty( $_POST['delete_data'] );
		update_option( self::DELETE_DATA, $delete ? '1' : '', false );
		return $delete ? __( 'Deleting the plugin will delete all orders too.', 'tillside' ) : __( 'Deleting the plugin will keep the orders.', 'tillside' );
	}

	/** A text field of the form. */
	private static function text( string $name ): string {
		// phpcs:ignore WordPress.Security.NonceVerification -- handle() has checked it.
		return isset( $_POST[ $name ] ) && is_string( $_POST[ $name ] ) ? trim( sanitize_text_field( wp_unslash( $_POST[ $name ] ) ) ) : '';
	}
}
