<?php
/**
 * HTTP client for Tillside.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Sends signed requests to Tillside.
 */
final class Client {

	private const CONNECT_MS = 1000;
	private const MAX_ANSWER = 2097152;

	/**
	 * Where Tillside is.
	 *
	 * @var Sidecar
	 */
	private Sidecar $sidecar;

	/**
	 * Signs the calls.
	 *
	 * @var Token
	 */
	private Token $token;

	/**
	 * Creates a client.
	 *
	 * @param Sidecar $sidecar Where Tillside is.
	 * @param Token   $token   Signs the calls.
	 */
	public function __construct( Sidecar $sidecar, Token $token ) {
		$this->sidecar = $sidecar;
		$this->token   = $token;
	}

	/**
	 * Adds the client's hook.
	 */
	public function register(): void {
		add_action( 'http_api_curl', array( $this, 'limit_time' ), 10, 2 );
	}

	/**
	 * Sets limits below a second: WordPress's HTTP library rounds them up to one.
	 *
	 * @param \CurlHandle|resource $handle cURL handle.
	 * @param array<string, mixed> $args   The request's arguments.
	 */
	public function limit_time( $handle, $args ): void {
		$ms = (int) ( $args['tillside_ms'] ?? 0 );
		if ( $ms > 0 ) {
			// phpcs:disable WordPress.WP.AlternativeFunctions -- The only way to a limit below a second.
			curl_setopt( $handle, CURLOPT_NOSIGNAL, true );
			curl_setopt( $handle, CURLOPT_CONNECTTIMEOUT_MS, min( self::CONNECT_MS, $ms ) );
			curl_setopt( $handle, CURLOPT_TIMEOUT_MS, $ms );
			// phpcs:enable
		}
	}

	/**
	 * Sends a request.
	 *
	 * @param string               $scope   What for: render, admin or browser.
	 * @param string               $method  HTTP method.
	 * @param string               $target  Path and raw query, from Tillside's root.
	 * @param string               $body    Raw body.
	 * @param int                  $ms      Time limit in milliseconds.
	 * @param array<string, mixed> $options headers, sub (acting user's id), ip (the browser's address).
	 * @return array{status:int,headers:array<string,string>,body:string}|WP_Error The answer, whatever its status.
	 */
	public function send( string $scope, string $method, string $target, string $body, int $ms, array $options = array() ) {
		$url = $this->sidecar->url();
		if ( '' === $url ) {
			return new WP_Error( 'tillside_unpaired', 'Tillside has not said hello yet.', array( 'status' => 503 ) );
		}
		$token = $this->token->call( $scope, $method, $target, $body, $options['sub'] ?? '', $options['ip'] ?? '' );
		if ( '' === $token ) {
			return new WP_Error( 'tillside_no_keys', 'There are no usable keys.', array( 'status' => 503 ) );
		}
		$answer = wp_remote_request(
			$url . $target,
			array(
				'method'              => $method,
				'body'                => '' === $body ? null : $body,
				'headers'             => array( Token::HEADER => 'Bearer ' . $token ) + ( $options['headers'] ?? array() ),
				'timeout'             => max( 1, (int) ceil( $ms / 1000 ) ),
				'tillside_ms'         => $ms,
				'redirection'         => 0,
				'limit_response_size' => self::MAX_ANSWER,
				'user-agent'          => 'Tillside plugin ' . TILLSIDE_PLUGIN_VERSION,
			)
		);
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		$headers = array();
		foreach ( array( 'content-type', 'retry-after', 'cache-control' ) as $name ) {
			$headers[ $name ] = (string) ( is_array( wp_remote_retrieve_header( $answer, $name ) ) ? '' : wp_remote_retrieve_header( $answer, $name ) );
		}
		return array(
			'status'  => (int) wp_remote_retrieve_response_code( $answer ),
			'headers' => array_filter( $headers, 'strlen' ),
			'body'    => wp_remote_retrieve_body( $answer ),
		);
	}

	/**
	 * Sends a request and reads the JSON that answers it.
	 *
	 * @param string                    $scope  What for: render or admin.
	 * @param string                    $method HTTP method.
	 * @param string                    $target Path and raw query.
	 * @param array<string, mixed>|null $data   Body, or none.
	 * @param int                       $ms     Time limit in milliseconds.
	 * @return array<string, mixed>|WP_Error The answer, or why there is none; code tillside_<code>, data status and field.
	 */
	public function json( string $scope, string $method, string $target, ?array $data = null, int $ms = 5000 ) {
		$user   = function_exists( 'get_current_user_id' ) ? get_current_user_id() : 0;
		$answer = $this->send(
			$scope,
			$method,
			$target,
			null === $data ? '' : (string) wp_json_encode( $data ),
			$ms,
			array(
				'sub'     => 'admin' === $scope && $user > 0 ? (string) $user : '',
				'headers' => null === $data ? array() : array( 'Content-Type' => 'application/json' ),
			)
		);
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		$body = json_decode( $answer['body'], true );
		if ( $answer['status'] >= 200 && $answer['status'] < 300 && is_array( $body ) ) {
			return $body;
		}
		$ours = is_array( $body ) && is_string( $body['code'] ?? null ) && is_string( $body['message'] ?? null );
		return new WP_Error(
			$ours ? 'tillside_' . sanitize_key( $body['code'] ) : 'tillside_unavailable',
			$ours ? $body['message'] : sprintf( 'Status %d and no JSON: something else answers at Tillside\'s address.', $answer['status'] ),
			array(
				'status' => $answer['status'] >= 300 ? $answer['status'] : 502,
				'field'  => $ours && is_string( $body['field'] ?? null ) ? $body['field'] : '',
			)
		);
	}
}
