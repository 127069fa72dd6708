<?php
/**
 * The way in that works on any host.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Rest;

use Tillside\Proxy;
use Tillside\Way;
use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

/**
 * Serves tillside/v1/proxy/…: browsers' requests, and providers' webhooks, with their bodies untouched. WordPress would
 * refuse a body that is not the JSON it claims to be before a route sees it, so this answers earlier.
 */
final class ProxyController {

	private const PREFIX = '/' . Guard::NAMESPACE . '/proxy';

	/**
	 * Makes the proxy.
	 *
	 * @var callable
	 */
	private $proxy;

	/**
	 * Creates the controller.
	 *
	 * @param callable $proxy Makes the proxy, when there is something to hand on.
	 */
	public function __construct( callable $proxy ) {
		$this->proxy = $proxy;
	}

	/**
	 * Adds the filters.
	 */
	public function register(): void {
		add_filter( 'rest_pre_dispatch', array( $this, 'answer' ), 1, 3 );
		add_filter( 'rest_pre_serve_request', array( $this, 'serve' ), PHP_INT_MAX, 3 );
		add_filter( 'rest_authentication_errors', array( $this, 'open' ), PHP_INT_MAX );
	}

	/**
	 * Registers the route, so that it is known; answer() is quicker.
	 */
	public function register_routes(): void {
		register_rest_route(
			Guard::NAMESPACE,
			'/proxy/(?P<path>.+)',
			array(
				'methods'             => 'GET, POST, PUT, PATCH, DELETE',
				'callback'            => array( $this, 'forward' ),
				'permission_callback' => '__return_true', // Tillside itself decides, by the tokens that come along.
				'args'                => array(
					'path' => array( 'type' => 'string' ),
				),
				'show_in_index'       => false,
			)
		);
	}

	/**
	 * Answers before WordPress looks at the body.
	 *
	 * @param mixed           $result  What another plugin answers.
	 * @param mixed           $server  REST server.
	 * @param WP_REST_Request $request Request.
	 * @return mixed Answer.
	 */
	public function answer( $result, $server, $request ) {
		unset( $server );
		return null === $result && self::is_ours( $request->get_route() ) ? $this->forward( $request ) : $result;
	}

	/**
	 * Hands a request on.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response Answer; its data is the raw body.
	 */
	public function forward( WP_REST_Request $request ): WP_REST_Response {
		// The true method: ?_method= and X-HTTP-Method-Override change what WordPress calls it.
		$method  = isset( $_SERVER['REQUEST_METHOD'] ) ? strtoupper( sanitize_key( wp_unslash( $_SERVER['REQUEST_METHOD'] ) ) ) : '';
		$headers = array();
		foreach ( $request->get_headers() as $name => $values ) {
			$headers[ strtr( strtolower( (string) $name ), '_', '-' ) ] = implode( ',', (array) $values );
		}
		$answer   = ( $this->proxy )()->forward(
			$method,
			substr( $request->get_route(), strlen( self::PREFIX ) ),
			static function () use ( $request ): string {
				return (string) $request->get_body();
			},
			$headers,
			Proxy::client_ip()
		);
		$response = new WP_REST_Response( $answer['body'], $answer['status'] );
		$response->set_headers( $answer['headers'] + array( Way::HEADER => Way::REST ) );
		return $response;
	}

	/**
	 * Prints the body as it came, and takes back that WordPress lets every other site read it.
	 *
	 * @param bool            $served  Whether it was printed.
	 * @param mixed           $result  Response.
	 * @param WP_REST_Request $request Request.
	 * @return bool Whether it was printed.
	 */
	public function serve( $served, $result, $request ): bool {
		if ( $served || ! $request instanceof WP_REST_Request || ! self::is_ours( $request->get_route() ) || ! $result instanceof WP_REST_Response || ! is_string( $result->get_data() ) ) {
			return (bool) $served;
		}
		if ( ! headers_sent() ) {
			foreach ( array( 'Access-Control-Allow-Origin', 'Access-Control-Allow-Methods', 'Access-Control-Allow-Credentials', 'Access-Control-Allow-Headers', 'Access-Control-Expose-Headers' ) as $header ) {
				header_remove( $header );
			}
		}
		echo $result->get_data(); // phpcs:ignore WordPress.Security.EscapeOutput -- Tillside's JSON, sent as JSON.
		return true;
	}

	/**
	 * Opens the way where a plugin closes the REST API to visitors: buyers are visitors.
	 *
	 * @param \WP_Error|true|null $result What others say.
	 * @return \WP_Error|true|null Perhaps true instead of an error.
	 */
	public function open( $result ) {
		$route = isset( $GLOBALS['wp']->query_vars['rest_route'] ) ? '/' . ltrim( (string) $GLOBALS['wp']->query_vars['rest_route'], '/' ) : '';
		return is_wp_error( $result ) && self::is_ours( $route ) ? true : $result;
	}

	/** Reports whether a route is the proxy's. */
	private static function is_ours( string $route ): bool {
		return 0 === strpos( $route, self::PREFIX . '/' );
	}
}
