<?php
/**
 * Lets only Tillside in.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Rest;

use Tillside\Site;
use Tillside\Token;
use Tillside\Verifier;
use WP_Error;
use WP_REST_Request;
use WP_REST_Server;

defined( 'ABSPATH' ) || exit;

/**
 * Checks the call token of Tillside's own routes. Whatever is missing or odd, the answer is no.
 */
final class Guard {

	public const NAMESPACE = 'tillside/v1';

	private const MAX_BODY = 1048576;

	/**
	 * Checks tokens.
	 *
	 * @var Verifier
	 */
	private Verifier $verifier;

	/**
	 * Tables.
	 *
	 * @var Site
	 */
	private Site $site;

	/**
	 * Scope per route pattern.
	 *
	 * @var array<string, string>
	 */
	private array $scopes = array();

	/**
	 * The request last checked: WordPress asks again when it writes the header Allow.
	 *
	 * @var WP_REST_Request|null
	 */
	private ?WP_REST_Request $seen = null;

	/**
	 * What was said about it.
	 *
	 * @var true|WP_Error
	 */
	private $verdict;

	/**
	 * Creates the guard.
	 *
	 * @param Verifier $verifier Checks tokens.
	 * @param Site     $site     Tables.
	 */
	public function __construct( Verifier $verifier, Site $site ) {
		$this->verifier = $verifier;
		$this->site     = $site;
		$this->verdict  = new WP_Error( 'tillside_unauthorized' );
	}

	/**
	 * Adds the filter that lets our calls pass where a plugin closes the REST API to everybody.
	 */
	public function register(): void {
		add_filter( 'rest_authentication_errors', array( $this, 'open_our_routes' ), PHP_INT_MAX );
	}

	/**
	 * Registers a route that only Tillside may call, by POST with a JSON body.
	 *
	 * @param string               $route    Route below the namespace.
	 * @param string               $scope    Scope of the call token.
	 * @param callable             $callback Takes the request.
	 * @param array<string, mixed> $args     Typed arguments.
	 */
	public function route( string $route, string $scope, callable $callback, array $args ): void {
		$this->scopes[ '/' . self::NAMESPACE . $route ] = $scope;
		register_rest_route(
			self::NAMESPACE,
			$route,
			array(
				'methods'             => WP_REST_Server::CREATABLE,
				'callback'            => $callback,
				'permission_callback' => function ( WP_REST_Request $request ) use ( $scope ) {
					return $this->permit( $request, $scope );
				},
				'args'                => $args,
				'show_in_index'       => false,
			)
		);
	}

	/**
	 * Overrules another plugin's refusal for a call that is signed by Tillside. The route checks the token again.
	 *
	 * @param WP_Error|true|null $result What others say.
	 * @return WP_Error|true|null Perhaps true instead of an error.
	 */
	public function open_our_routes( $result ) {
		if ( ! is_wp_error( $result ) ) {
			return $result;
		}
		$route = isset( $GLOBALS['wp']->query_vars['rest_route'] ) ? '/' . ltrim( (string) $GLOBALS['wp']->query_vars['rest_route'], '/' ) : '';
		if ( 0 !== strpos( $route, '/' . self::NAMESPACE . '/' ) ) {
			return $result;
		}
		rest_get_server(); // Has the routes registered, and with them their scopes.
		foreach ( $this->scopes as $pattern => $scope ) {
			if ( preg_match( '@^' . $pattern . '$@i', $route ) ) {
				$header = isset( $_SERVER['HTTP_X_TILLSIDE_AUTHORIZATION'] ) ? sanitize_text_field( wp_unslash( $_SERVER['HTTP_X_TILLSIDE_AUTHORIZATION'] ) ) : '';
				$claims = $this->verifier->verify_call( Token::TO_PLUGIN, Token::bearer( $header ), self::method(), $route, WP_REST_Server::get_raw_data(), array( $scope ) );
				return is_wp_error( $claims ) ? $result : true;
			}
		}
		return $result;
	}

	/**
	 * Decides about a request.
	 *
	 * @param WP_REST_Request $request Request.
	 * @param string          $scope   Scope that the token must have.
	 * @return true|WP_Error Verdict.
	 */
	public function permit( WP_REST_Request $request, string $scope ) {
		if ( $request !== $this->seen ) {
			$this->verdict = $this->judge( $request, $scope );
			$this->seen    = $request;
		}
		return $this->verdict;
	}

	/** Checks token, form of the request, and that it is the first of its kind. */
	private function judge( WP_REST_Request $request, string $scope ) {
		$body = (string) $request->get_body();
		if ( strlen( $body ) > self::MAX_BODY ) {
			return new WP_Error( 'tillside_too_large', __( 'The request is too large.', 'tillside' ), array( 'status' => 413 ) );
		}
		// ?_method= and X-HTTP-Method-Override change what WordPress calls the method, and a query mixes with the body.
		$query = array_diff_key( $request->get_query_params(), array( 'rest_route' => 1 ) );
		if ( array() !== $query || self::method() !== $request->get_method() || ! $request->is_json_content_type() ) {
			return new WP_Error( 'tillside_unauthorized', __( 'The request is not signed as it must be.', 'tillside' ), array( 'status' => 401 ) );
		}
		$token  = Token::bearer( (string) $request->get_header( Token::HEADER ) );
		$claims = $this->verifier->verify_call( Token::TO_PLUGIN, $token, self::method(), $request->get_route(), $body, array( $scope ) );
		if ( is_wp_error( $claims ) ) {
			return $claims;
		}
		$first = $this->take( $claims['jti'], $claims['exp'] );
		if ( 0 === $first ) {
			return new WP_Error( 'tillside_unauthorized', __( 'This request was made before.', 'tillside' ), array( 'status' => 401 ) );
		}
		// Before Tillside's migrations have made the table there is no way to tell; hello may be repeated.
		if ( false === $first && 'hello' !== $scope ) {
			return new WP_Error( 'tillside_unavailable', __( 'Tillside\'s tables are missing. Run: tillside migrate', 'tillside' ), array( 'status' => 503 ) );
		}
		return true;
	}

	/** Stores a token's id: 1 when it is new, 0 when it was there, false when there is no table. */
	private function take( string $jti, int $exp ) {
		global $wpdb;
		$table = $this->site->table( 'jtis' );
		$rows  = $this->site->quietly( $wpdb->prepare( 'INSERT IGNORE INTO %i (jti, exp) VALUES (UNHEX(%s), %d)', $table, $jti, $exp ) );
		if ( 1 === $rows && 0 === random_int( 0, 63 ) ) {
			$this->site->quietly( $wpdb->prepare( 'DELETE FROM %i WHERE exp < %d LIMIT 1000', $table, time() - 120 ) );
		}
		return $rows;
	}

	/** The method as the web server got it. */
	private static function method(): string {
		return isset( $_SERVER['REQUEST_METHOD'] ) ? strtoupper( sanitize_key( wp_unslash( $_SERVER['REQUEST_METHOD'] ) ) ) : '';
	}
}
