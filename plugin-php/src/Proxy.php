<?php
/**
 * Hands browsers' requests on to Tillside.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * What relay and REST API share: a few paths, small bodies, chosen headers, the browser's address signed, no cookies.
 * It runs before plugins and translations are loaded; its texts are for the form's script, which has its own.
 */
final class Proxy {

	private const PATH     = '#^/v1/(ping|forms|quotes|checkouts|orders|me|links|coupons|gift-cards|wait-list|hooks|webhooks)(/[A-Za-z0-9_-]+)*\z#';
	private const METHODS  = array( 'GET', 'POST', 'PATCH', 'PUT', 'DELETE' );
	private const REQUEST  = array( 'Content-Type', 'X-Tillside-Form', 'X-Tillside-Checkout', 'X-Tillside-Session', 'Idempotency-Key', 'Stripe-Signature' );
	private const BODY     = 65536;
	private const WEBHOOK  = 1048576;
	private const TIMEOUT  = 20000;
	private const MAX_HEAD = 8192;

	/**
	 * HTTP client.
	 *
	 * @var Client
	 */
	private Client $client;

	/**
	 * How many at once.
	 *
	 * @var Slots
	 */
	private Slots $slots;

	/**
	 * Creates the proxy.
	 *
	 * @param Client $client HTTP client.
	 * @param Slots  $slots  How many at once.
	 */
	public function __construct( Client $client, Slots $slots ) {
		$this->client = $client;
		$this->slots  = $slots;
	}

	/**
	 * Hands a request on.
	 *
	 * @param string                $method  HTTP method as the web server got it.
	 * @param string                $path    Path from Tillside's root.
	 * @param callable              $read    Takes a limit and returns the raw body, of which it reads no more than one byte beyond.
	 * @param array<string, string> $headers Request headers, names in lower case with hyphens.
	 * @param string                $ip      The browser's address.
	 * @return array{status:int,headers:array<string,string>,body:string} Answer.
	 */
	public function forward( string $method, string $path, callable $read, array $headers, string $ip ): array {
		if ( ! preg_match( self::PATH, $path ) ) {
			return self::error( 404, 'not_found', 'There is nothing at this address.' );
		}
		if ( ! in_array( $method, self::METHODS, true ) ) {
			return self::error( 405, 'invalid', 'This method is not known here.', array( 'Allow' => implode( ', ', self::METHODS ) ) );
		}
		// PHP has taken such a body apart; what is left cannot be signed.
		if ( 0 === stripos( ltrim( $headers['content-type'] ?? '' ), 'multipart/' ) ) {
			return self::error( 400, 'invalid', 'Send JSON.' );
		}
		$limit = 0 === strpos( $path, '/v1/webhooks/' ) ? self::WEBHOOK : self::BODY;
		$body  = (int) ( $headers['content-length'] ?? 0 ) > $limit ? null : (string) $read( $limit );
		if ( null === $body || strlen( $body ) > $limit ) {
			return self::error( 413, 'too_large', 'The request is too large.' );
		}
		if ( ! $this->slots->take() ) {
			return self::error( 503, 'unavailable', 'Many people are ordering right now. Please try again in a moment.', array( 'Retry-After' => '1' ) );
		}
		$answer = $this->client->send(
			'browser',
			$method,
			$path,
			'GET' === $method ? '' : $body,
			self::TIMEOUT,
			array(
				'headers' => self::chosen( $headers ),
				'ip'      => (string) filter_var( $ip, FILTER_VALIDATE_IP ),
			)
		);
		$this->slots->release();
		return is_wp_error( $answer ) ? self::failed( $answer ) : self::passed( $answer );
	}

	/**
	 * Reads the request's headers from PHP's variables.
	 *
	 * @param array<string, mixed> $server Server variables.
	 * @return array<string, string> Headers, names in lower case with hyphens.
	 */
	public static function headers( array $server ): array {
		$headers = array();
		foreach ( array_merge( self::REQUEST, array( 'Content-Length' ) ) as $name ) {
			$key   = strtoupper( strtr( $name, '-', '_' ) );
			$value = $server[ $key ] ?? ( $server[ 'HTTP_' . $key ] ?? null );
			if ( is_string( $value ) && '' !== $value ) {
				$headers[ strtolower( $name ) ] = $value;
			}
		}
		return $headers;
	}

	/**
	 * Reads the raw body of this request.
	 *
	 * @param int $limit The most that is wanted.
	 * @return string Body, perhaps one byte longer than the limit.
	 */
	public static function raw_body( int $limit ): string {
		return (string) file_get_contents( 'php://input', false, null, 0, $limit + 1 );
	}

	/**
	 * The browser's address. Behind a proxy of its own a site sets it, as it does for WordPress, or by the filter.
	 *
	 * @return string Address.
	 */
	public static function client_ip(): string {
		$ip = isset( $_SERVER['REMOTE_ADDR'] ) ? sanitize_text_field( wp_unslash( $_SERVER['REMOTE_ADDR'] ) ) : '';
		/**
		 * Filters the address under which Tillside counts a browser's attempts.
		 *
		 * @param string $ip Address.
		 */
		return (string) apply_filters( 'tillside_client_ip', $ip );
	}

	/** The headers that Tillside reads. */
	private static function chosen( array $headers ): array {
		$chosen = array();
		foreach ( self::REQUEST as $name ) {
			$value = $headers[ strtolower( $name ) ] ?? '';
			if ( '' !== $value && strlen( $value ) <= self::MAX_HEAD && ! preg_match( '/[\r\n\0]/', $value ) ) {
				$chosen[ $name ] = $value;
			}
		}
		return $chosen;
	}

	/** Passes an answer on. */
	private static function passed( array $answer ): array {
		$headers = array(
			'Content-Type'           => $answer['headers']['content-type'] ?? 'application/json',
			'Cache-Control'          => 'no-store',
			'X-Content-Type-Options' => 'nosniff',
		);
		if ( isset( $answer['headers']['retry-after'] ) ) {
			$headers['Retry-After'] = $answer['headers']['retry-after'];
		}
		return array(
			'status'  => $answer['status'],
			'headers' => $headers,
			'body'    => $answer['body'],
		);
	}

	/**
	 * Says that Tillside did not answer. With 503 the request did nothing and the form repeats it; with 504 nobody knows.
	 *
	 * @param \WP_Error $why What happened.
	 * @return array{status:int,headers:array<string,string>,body:string} Answer.
	 */
	private static function failed( \WP_Error $why ): array {
		$refused = 0 === strpos( (string) $why->get_error_code(), 'tillside_' ) || false !== stripos( $why->get_error_message(), 'cURL error 7' )
			|| 'http_request_not_executed' === $why->get_error_code();
		return $refused
			? self::error( 503, 'unavailable', 'The store does not answer right now. Please try again in a moment.', array( 'Retry-After' => '2' ) )
			: self::error( 504, 'unavailable', 'The store took too long to answer.' );
	}

	/** An error in Tillside's own form. */
	private static function error( int $status, string $code, string $message, array $headers = array() ): array {
		return array(
			'status'  => $status,
			'headers' => array(
				'Content-Type'  => 'application/json',
				'Cache-Control' => 'no-store',
			) + $headers,
			'body'    => (string) wp_json_encode(
				array(
					'code'    => $code,
					'message' => $message,
					'field'   => '',
				)
			),
		);
	}
}
