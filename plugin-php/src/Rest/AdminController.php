<?php
/**
 * Routes of the screens in wp-admin.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Rest;

use Tillside\Admin\SiteHealth;
use Tillside\Capabilities;
use Tillside\Way;
use WP_REST_Request;
use WP_REST_Response;
use WP_REST_Server;

defined( 'ABSPATH' ) || exit;

/**
 * Serves tillside/v1/admin/…, for people who are logged in with a nonce.
 */
final class AdminController {

	/**
	 * The browser's way.
	 *
	 * @var Way
	 */
	private Way $way;

	/**
	 * Site Health's tests.
	 *
	 * @var SiteHealth
	 */
	private SiteHealth $health;

	/**
	 * Creates the controller.
	 *
	 * @param Way        $way    The browser's way.
	 * @param SiteHealth $health Site Health's tests.
	 */
	public function __construct( Way $way, SiteHealth $health ) {
		$this->way    = $way;
		$this->health = $health;
	}

	/**
	 * Registers the routes.
	 */
	public function register_routes(): void {
		$base = array(
			'type'      => 'string',
			'maxLength' => 500,
		);
		register_rest_route(
			Guard::NAMESPACE,
			'/admin/way',
			array(
				'methods'             => WP_REST_Server::CREATABLE,
				'callback'            => array( $this, 'save_way' ),
				'permission_callback' => static function (): bool {
					return current_user_can( Capabilities::MANAGE );
				},
				'args'                => array(
					'working' => array(
						'type'                 => 'object',
						'required'             => true,
						'additionalProperties' => false,
						'properties'           => array(
							Way::PROXY => $base,
							Way::RELAY => $base,
							Way::REST  => $base,
						),
					),
				),
				'show_in_index'       => false,
			)
		);
		foreach ( array( 'reachable', 'way' ) as $test ) {
			register_rest_route(
				Guard::NAMESPACE,
				'/admin/health/' . $test,
				array(
					'methods'             => WP_REST_Server::READABLE,
					'callback'            => array( $this->health, 'test_' . $test ),
					'permission_callback' => static function (): bool {
						return current_user_can( 'view_site_health_checks' );
					},
					'show_in_index'       => false,
				)
			);
		}
	}

	/**
	 * Remembers the best of the ways that the admin's browser found working. A browser knows better than this server.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response The way in use.
	 */
	public function save_way( WP_REST_Request $request ): WP_REST_Response {
		$before = $this->way->mode();
		$this->way->remember( (array) $request['working'] );
		return new WP_REST_Response(
			array(
				'mode'    => $this->way->mode(),
				'changed' => $before !== $this->way->mode(),
			)
		);
	}
}
