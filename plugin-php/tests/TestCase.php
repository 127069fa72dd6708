<?php
/**
 * What the tests share.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

use PHPUnit\Framework\TestCase as Base;
use Tillside\Keys;
use Tillside\Plugin;
use Tillside\Token;
use WP_REST_Request;
use WP_REST_Response;

/**
 * Runs each test in a transaction on a real WordPress, with a fake of Tillside where HTTP would leave.
 */
abstract class TestCase extends Base {

	/**
	 * Requests that the fake got: url and arguments.
	 *
	 * @var array<int, array{0:string,1:array<string,mixed>}>
	 */
	protected array $sent = array();

	/**
	 * Answers an outgoing request: takes url and arguments.
	 *
	 * @var callable|null
	 */
	protected $tillside;

	/**
	 * Hooks of before, since tests add some.
	 *
	 * @var array<string, \WP_Hook>
	 */
	private array $hooks = array();

	protected function setUp(): void {
		global $wpdb;
		$wpdb->query( 'START TRANSACTION' );
		wp_cache_flush();
		wp_set_current_user( 0 );
		$GLOBALS['wp_rest_server'] = null;
		$_SERVER['REQUEST_METHOD'] = 'GET';
		$this->hooks               = array_map(
			static function ( $hook ) {
				return clone $hook;
			},
			$GLOBALS['wp_filter']
		);
		update_option(
			'tillside_sidecar',
			array(
				'version' => '0.1.0',
				'url'     => 'http://sidecar.test:8081',
				'path'    => '/tillside',
				'seen'    => time(),
			)
		);
		$this->sent = array();
		add_filter( 'pre_http_request', array( $this, 'fake' ), 10, 3 );
		self::fresh_plugin();
	}

	protected function tearDown(): void {
		global $wpdb;
		$wpdb->query( 'ROLLBACK' );
		wp_cache_flush();
		$GLOBALS['wp_filter'] = $this->hooks;
	}

	/**
	 * Stands for Tillside and everything else outside.
	 *
	 * @param mixed                $result Ignored.
	 * @param array<string, mixed> $args   Arguments.
	 * @param string               $url    Address.
	 * @return array<string, mixed>|\WP_Error Answer.
	 */
	public function fake( $result, $args, $url ) {
		$this->sent[] = array( $url, $args );
		return $this->tillside ? ( $this->tillside )( $url, $args ) : new \WP_Error( 'http_request_failed', 'cURL error 7: connection refused' );
	}

	/**
	 * An answer in JSON.
	 *
	 * @param mixed $data   Body.
	 * @param int   $status HTTP status.
	 * @return array<string, mixed> Answer as WordPress has it.
	 */
	protected static function answer( $data, int $status = 200 ): array {
		return array(
			'headers'  => array( 'content-type' => 'application/json' ),
			'body'     => is_string( $data ) ? $data : wp_json_encode( $data ),
			'response' => array(
				'code'    => $status,
				'message' => '',
			),
			'cookies'  => array(),
		);
	}

	/**
	 * Gives the plugin a new start, as a new request would: its hooks point at new parts.
	 */
	protected static function fresh_plugin(): void {
		foreach ( $GLOBALS['wp_filter'] as $name => $hook ) {
			foreach ( $hook->callbacks as $priority => $callbacks ) {
				foreach ( $callbacks as $callback ) {
					$function = $callback['function'];
					if ( is_array( $function ) && is_object( $function[0] ) && 0 === strpos( get_class( $function[0] ), 'Tillside\\' )
						&& 0 !== strpos( get_class( $function[0] ), 'Tillside\\Tests\\' ) ) {
						remove_filter( $name, $function, $priority );
					}
				}
			}
		}
		$property = new \ReflectionProperty( Plugin::class, 'instance' );
		$property->setAccessible( true );
		$property->setValue( null, null );
		Plugin::instance()->register();
		// The hook init is past.
		foreach ( array_keys( \WP_Block_Type_Registry::get_instance()->get_all_registered() ) as $block ) {
			if ( 0 === strpos( $block, 'tillside/' ) ) {
				unregister_block_type( $block );
			}
		}
		foreach ( $GLOBALS['wp_filter']['init']->callbacks[10] as $callback ) {
			if ( is_array( $callback['function'] ) && $callback['function'][0] instanceof \Tillside\Shortcodes ) {
				$callback['function'][0]->add();
			}
		}
		$GLOBALS['wp_rest_server'] = null;
	}

	/**
	 * Signs a call as Tillside does.
	 *
	 * @param string               $scope  Scope.
	 * @param string               $route  Route.
	 * @param string               $body   Raw body.
	 * @param array<string, mixed> $change Claims to change.
	 * @param array<string, mixed> $head   Header fields to change.
	 * @return string Token.
	 */
	protected static function sign( string $scope, string $route, string $body, array $change = array(), array $head = array() ): string {
		$keys   = Keys::load();
		$claims = array_merge(
			array(
				'iss'   => 'tillside',
				'aud'   => rtrim( get_option( 'home' ), '/' ),
				'iat'   => time(),
				'exp'   => time() + 60,
				'jti'   => bin2hex( random_bytes( 16 ) ),
				'scope' => $scope,
				'htm'   => 'POST',
				'htu'   => $route,
				'bh'    => Token::body_hash( $body ),
			),
			$change
		);
		$head   = array_merge(
			array(
				'alg' => 'HS256',
				'typ' => 'tillside-call+jwt',
				'kid' => $keys->newest(),
			),
			$head
		);
		$text   = Token::encode( (string) json_encode( $head ) ) . '.' . Token::encode( (string) json_encode( $claims ) );
		$key    = $keys->derive( $keys->newest(), 'tillside/v1/call/tillside-to-plugin' );
		return $text . '.' . Token::encode( 'none' === $head['alg'] ? 'x' : hash_hmac( 'sha256', $text, $key, true ) );
	}

	/**
	 * Calls one of Tillside's routes.
	 *
	 * @param string       $route Route below the namespace.
	 * @param string       $scope Scope to sign for.
	 * @param array|string $data  Body.
	 * @param string|null  $token Another token; "" for none.
	 * @return WP_REST_Response Answer.
	 */
	protected function call( string $route, string $scope, $data, ?string $token = null ): WP_REST_Response {
		$route   = '/tillside/v1' . $route;
		$body    = is_string( $data ) ? $data : (string) wp_json_encode( $data );
		$request = new WP_REST_Request( 'POST', $route );
		$request->set_header( 'Content-Type', 'application/json' );
		$request->set_body( $body );
		$token = null === $token ? self::sign( $scope, $route, $body ) : $token;
		if ( '' !== $token ) {
			$request->set_header( 'X-Tillside-Authorization', 'Bearer ' . $token );
		}
		$_SERVER['REQUEST_METHOD'] = 'POST';
		return rest_get_server()->dispatch( $request );
	}

	/**
	 * Makes a user.
	 *
	 * @param string $role Role.
	 * @return int Id.
	 */
	protected static function user( string $role = 'subscriber' ): int {
		static $count = 0;
		++$count;
		return (int) wp_insert_user(
			array(
				'user_login' => "user$count",
				'user_email' => "user$count@example.org",
				'user_pass'  => wp_generate_password(),
				'role'       => $role,
			)
		);
	}

	/**
	 * Rows of the outbox.
	 *
	 * @return array<int, array{0:string,1:int}> Type and user.
	 */
	protected static function outbox(): array {
		global $wpdb;
		$rows = array();
		foreach ( $wpdb->get_results( "SELECT type, payload FROM {$wpdb->prefix}tillside_wp_events ORDER BY id" ) as $row ) {
			$rows[] = array( $row->type, json_decode( $row->payload, true )['user_id'] );
		}
		return $rows;
	}
}
