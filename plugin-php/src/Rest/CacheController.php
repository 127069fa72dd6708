<?php
/**
 * Forgets what Tillside has changed.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Rest;

use Tillside\Fragments;
use Tillside\Pages;
use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

/**
 * Serves tillside/v1/cache/purge: object caches do not see what is written by SQL, and page caches not that an offer changed.
 */
final class CacheController {

	/**
	 * Lets only Tillside in.
	 *
	 * @var Guard
	 */
	private Guard $guard;

	/**
	 * Kept HTML.
	 *
	 * @var Fragments
	 */
	private Fragments $fragments;

	/**
	 * Where offers are shown.
	 *
	 * @var Pages
	 */
	private Pages $pages;

	/**
	 * Creates the controller.
	 *
	 * @param Guard     $guard     Lets only Tillside in.
	 * @param Fragments $fragments Kept HTML.
	 * @param Pages     $pages     Where offers are shown.
	 */
	public function __construct( Guard $guard, Fragments $fragments, Pages $pages ) {
		$this->guard     = $guard;
		$this->fragments = $fragments;
		$this->pages     = $pages;
	}

	/**
	 * Registers the route.
	 */
	public function register_routes(): void {
		$ids = array(
			'type'     => 'array',
			'maxItems' => 500,
			'items'    => array(
				'type'    => 'integer',
				'minimum' => 1,
			),
			'default'  => array(),
		);
		$this->guard->route(
			'/cache/purge',
			'cache',
			array( $this, 'purge' ),
			array(
				'users'  => $ids,
				'posts'  => $ids,
				'offers' => array( 'items' => array( 'type' => 'string' ) ) + $ids,
			)
		);
	}

	/**
	 * Forgets. Doing it again does no harm.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response How much was forgotten.
	 */
	public function purge( WP_REST_Request $request ): WP_REST_Response {
		$offers = array_map( 'strval', $request['offers'] );
		$posts  = array_unique( array_merge( array_map( 'intval', $request['posts'] ), $this->pages->showing( $offers ) ) );
		$count  = $offers ? $this->fragments->purge( $offers ) : 0;
		foreach ( $request['users'] as $id ) {
			clean_user_cache( (int) $id );
			++$count;
		}
		foreach ( $posts as $id ) {
			$post = get_post( $id );
			if ( $post ) {
				clean_post_cache( $post );
				++$count;
			}
		}
		return new WP_REST_Response( array( 'purged' => $count ) );
	}
}
