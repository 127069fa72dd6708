<?php
/**
 * Events for other plugins.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Rest;

use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

/**
 * Serves tillside/v1/events: turns what happened in Tillside into WordPress's actions. Receivers may see one twice.
 */
final class EventsController {

	/**
	 * Lets only Tillside in.
	 *
	 * @var Guard
	 */
	private Guard $guard;

	/**
	 * Creates the controller.
	 *
	 * @param Guard $guard Lets only Tillside in.
	 */
	public function __construct( Guard $guard ) {
		$this->guard = $guard;
	}

	/**
	 * Registers the route.
	 */
	public function register_routes(): void {
		$this->guard->route(
			'/events',
			'events',
			array( $this, 'fire' ),
			array(
				'events' => array(
					'type'     => 'array',
					'required' => true,
					'maxItems' => 100,
					'items'    => array(
						'type'       => 'object',
						'properties' => array(
							'id'   => array(
								'type'     => 'string',
								'required' => true,
							),
							'type' => array(
								'type'     => 'string',
								'required' => true,
							),
							'data' => array(
								'type'     => 'object',
								'required' => true,
							),
						),
					),
				),
			)
		);
	}

	/**
	 * Fires the actions.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response Ids of the events that every receiver took.
	 */
	public function fire( WP_REST_Request $request ): WP_REST_Response {
		$done = array();
		foreach ( $request['events'] as $event ) {
			try {
				self::fire_one( $event['type'], (array) $event['data'] );
				$done[] = $event['id'];
			} catch ( \Throwable $e ) { // A receiver's fault must not stop the others; Tillside sends this one again.
				// phpcs:ignore WordPress.PHP.DevelopmentFunctions -- The site's log is where its owner looks.
				error_log( sprintf( 'Tillside: a receiver of %s failed: %s in %s:%d', $event['type'], $e->getMessage(), $e->getFile(), $e->getLine() ) );
			}
		}
		return new WP_REST_Response( array( 'done' => $done ) );
	}

	/** Fires one; a type that a newer Tillside knows and this plugin does not is done. */
	private static function fire_one( string $type, array $data ): void {
		switch ( $type ) {
			case 'checkout.started':
				/**
				 * Fires when somebody has done the first step of an order form.
				 *
				 * @param array $checkout The checkout as Tillside describes it.
				 */
				do_action( 'tillside_checkout_started', $data );
				break;
			case 'order.paid':
				/**
				 * Fires when an order was paid.
				 *
				 * @param array $order The order as Tillside describes it.
				 */
				do_action( 'tillside_order_paid', $data );
				break;
			case 'order.refunded':
				/**
				 * Fires when an order was refunded, in full or in part.
				 *
				 * @param array $order The order as Tillside describes it.
				 */
				do_action( 'tillside_order_refunded', $data );
				break;
			case 'tag.added':
				/**
				 * Fires when a contact got a tag, also one that it had.
				 *
				 * @param array $tag The tag, and the contact as Tillside knows it; user_id is 0 for who has no account.
				 */
				do_action( 'tillside_tag_added', $data );
				break;
			case 'tag.removed':
				/**
				 * Fires when a tag was taken off a contact.
				 *
				 * @param array $tag The tag, and the contact as Tillside knows it; user_id is 0 for who has no account.
				 */
				do_action( 'tillside_tag_removed', $data );
				break;
		}
	}
}
