<?php
/**
 * Tillside's greeting.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Rest;

use Tillside\Facts;
use Tillside\Sidecar;
use Tillside\Way;
use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

/**
 * Serves tillside/v1/hello: Tillside says where it is, and learns what only WordPress knows.
 */
final class HelloController {

	/**
	 * Lets only Tillside in.
	 *
	 * @var Guard
	 */
	private Guard $guard;

	/**
	 * Remembers Tillside.
	 *
	 * @var Sidecar
	 */
	private Sidecar $sidecar;

	/**
	 * What WordPress knows.
	 *
	 * @var Facts
	 */
	private Facts $facts;

	/**
	 * The browser's way.
	 *
	 * @var Way
	 */
	private Way $way;

	/**
	 * Creates the controller.
	 *
	 * @param Guard   $guard   Lets only Tillside in.
	 * @param Sidecar $sidecar Remembers Tillside.
	 * @param Facts   $facts   What WordPress knows.
	 * @param Way     $way     The browser's way.
	 */
	public function __construct( Guard $guard, Sidecar $sidecar, Facts $facts, Way $way ) {
		$this->guard   = $guard;
		$this->sidecar = $sidecar;
		$this->facts   = $facts;
		$this->way     = $way;
	}

	/**
	 * Registers the route.
	 */
	public function register_routes(): void {
		$text = array(
			'type'      => 'string',
			'maxLength' => 500,
			'required'  => true,
		);
		$this->guard->route(
			'/hello',
			'hello',
			array( $this, 'hello' ),
			array(
				'version' => $text,
				'url'     => $text,
				'path'    => $text,
				'time'    => array( 'type' => 'integer' ),
			)
		);
	}

	/**
	 * Answers a hello.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response Facts.
	 */
	public function hello( WP_REST_Request $request ): WP_REST_Response {
		if ( '' !== $request['url'] ) { // Without one a command asks, which serves nobody.
			$this->sidecar->remember( $request['version'], $request['url'], $request['path'] );
		}
		$this->way->probe_when_done();
		return new WP_REST_Response( $this->facts->all() );
	}
}
