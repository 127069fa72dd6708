<?php
/**
 * Browsers' requests on their way through PHP.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

use Tillside\Keys;
use Tillside\Slots;
use Tillside\Token;
use Tillside\Verifier;
use WP_REST_Request;
use WP_REST_Response;

/**
 * Tests Proxy, Rest\ProxyController, Slots and the relay.
 */
final class ProxyTest extends TestCase {

	protected function setUp(): void {
		parent::setUp();
		$this->tillside = static fn() => self::answer( '{"ok":"ü"}', 201 );
	}

	/**
	 * Asks by REST.
	 *
	 * @param string                $method  Method.
	 * @param string                $path    Path.
	 * @param string                $body    Raw body.
	 * @param array<string, string> $headers Headers.
	 * @return WP_REST_Response Answer.
	 */
	private static function ask( string $method, string $path, string $body = '', array $headers = array( 'Content-Type' => 'application/json' ) ): WP_REST_Response {
		$request = new WP_REST_Request( $method, '/tillside/v1/proxy' . $path );
		foreach ( $headers as $name => $value ) {
			$request->set_header( $name, $value );
		}
		$request->set_body( $body );
		$_SERVER['REQUEST_METHOD'] = $method;
		return rest_get_server()->dispatch( $request );
	}

	public function test_the_body_passes_untouched_with_the_address_signed(): void {
		$_SERVER['REMOTE_ADDR'] = '2001:db8::7';
		$body                   = '{ "not" : json, ';
		$answer                 = self::ask(
			'POST',
			'/v1/quotes',
			$body,
			array(
				'Content-Type'              => 'application/json',
				'Cookie'                    => 'wordpress_logged_in=1',
				'X-Tillside-Form'           => 'form.token',
				'X-Tillside-Authorization'  => 'Bearer forged',
				'X-Forwarded-For'           => '192.0.2.66',
				'Idempotency-Key'           => 'abc',
			)
		);
		$_SERVER['REMOTE_ADDR'] = '127.0.0.1';
		self::assertSame( 201, $answer->get_status() );
		self::assertSame( '{"ok":"ü"}', $answer->get_data() );
		self::assertSame( 'no-store', $answer->get_headers()['Cache-Control'] );
		list( $url, $args ) = $this->sent[0];
		self::assertSame( 'http://sidecar.test:8081/v1/quotes', $url );
		self::assertSame( $body, $args['body'] );
		$claims = ( new Verifier( Keys::load(), get_option( 'home' ) ) )->verify_call( Token::TO_TILLSIDE, Token::bearer( $args['headers']['X-Tillside-Authorization'] ), 'POST', '/v1/quotes', $body, array( 'browser' ) );
		self::assertSame( '2001:db8::7', $claims['ip'] );
		unset( $args['headers']['X-Tillside-Authorization'] );
		self::assertSame(
			array(
				'Content-Type'    => 'application/json',
				'X-Tillside-Form' => 'form.token',
				'Idempotency-Key' => 'abc',
			),
			$args['headers']
		);
	}

	public function test_only_the_browsers_paths_pass(): void {
		foreach ( array( '/v1/admin/status', '/v1/render/order_form', '/healthz', '/v1/forms/../admin/status', '/v1/forms/a%2fb', '/v1/quotesx', '/v2/quotes', '/v1//quotes', '/v1/hook/operations/1/x', '/v1/hooks/operations/../x' ) as $path ) {
			self::assertSame( 404, self::ask( 'GET', $path )->get_status(), $path );
		}
		self::assertSame( 405, self::ask( 'TRACE', '/v1/ping' )->get_status() );
		self::assertCount( 0, $this->sent );
		foreach ( array( '/v1/forms/my-course', '/v1/checkouts/0a/pay', '/v1/orders/0a/credentials', '/v1/me', '/v1/webhooks/stripe', '/v1/links', '/v1/hooks/operations/0a/SECRET', '/v1/ping' ) as $path ) {
			self::assertSame( 201, self::ask( 'POST', $path )->get_status(), $path );
		}
	}

	public function test_bodies_have_a_limit(): void {
		self::assertSame( 413, self::ask( 'POST', '/v1/quotes', str_repeat( 'x', 65537 ) )->get_status() );
		self::assertSame( 201, self::ask( 'POST', '/v1/quotes', str_repeat( 'x', 65536 ) )->get_status() );
		self::assertSame( 201, self::ask( 'POST', '/v1/webhooks/stripe', str_repeat( 'x', 1048576 ) )->get_status() );
		self::assertSame( 413, self::ask( 'POST', '/v1/webhooks/stripe', str_repeat( 'x', 1048577 ) )->get_status() );
		self::assertSame( 400, self::ask( 'POST', '/v1/quotes', '', array( 'Content-Type' => 'multipart/form-data; boundary=x' ) )->get_status() );
	}

	public function test_an_outage_has_a_clear_answer(): void {
		$this->tillside = null;
		$answer         = self::ask( 'POST', '/v1/quotes', '{}' );
		self::assertSame( 503, $answer->get_status(), 'not connected: the form may repeat it' );
		self::assertSame( '2', $answer->get_headers()['Retry-After'] );
		self::assertSame( 'unavailable', json_decode( $answer->get_data(), true )['code'] );

		$this->tillside = static fn() => new \WP_Error( 'http_request_failed', 'cURL error 28: Operation timed out' );
		$answer         = self::ask( 'POST', '/v1/quotes', '{}' );
		self::assertSame( 504, $answer->get_status(), 'nobody knows' );
		self::assertArrayNotHasKey( 'Retry-After', $answer->get_headers() );
	}

	public function test_the_method_that_counts_is_the_true_one(): void {
		$request = new WP_REST_Request( 'DELETE', '/tillside/v1/proxy/v1/me' );
		$_SERVER['REQUEST_METHOD'] = 'GET';
		rest_get_server()->dispatch( $request );
		self::assertSame( 'GET', $this->sent[0][1]['method'] );
	}

	public function test_the_answer_is_printed_as_it_came(): void {
		$request  = new WP_REST_Request( 'GET', '/tillside/v1/proxy/v1/ping' );
		$response = self::ask( 'GET', '/v1/ping' );
		ob_start();
		$served = apply_filters( 'rest_pre_serve_request', false, $response, $request, rest_get_server() );
		self::assertSame( '{"ok":"ü"}', ob_get_clean() );
		self::assertTrue( $served );
		ob_start();
		self::assertFalse( apply_filters( 'rest_pre_serve_request', false, new WP_REST_Response( 'x' ), new WP_REST_Request( 'GET', '/wp/v2/posts' ), rest_get_server() ) );
		self::assertSame( '', ob_get_clean() );
	}

	public function test_buyers_pass_where_rest_is_closed_to_visitors(): void {
		$error                                   = new \WP_Error( 'rest_forbidden', 'Members only.' );
		$GLOBALS['wp']->query_vars['rest_route'] = '/tillside/v1/proxy/v1/ping';
		self::assertTrue( apply_filters( 'rest_authentication_errors', $error ) );
		unset( $GLOBALS['wp']->query_vars['rest_route'] );
	}

	public function test_slots_run_out_and_come_back(): void {
		$folder = get_temp_dir() . 'tillside-test-' . getmypid();
		$slots  = array( new Slots( $folder, 2 ), new Slots( $folder, 2 ), new Slots( $folder, 2 ) );
		self::assertTrue( $slots[0]->take() );
		self::assertTrue( $slots[1]->take() );
		self::assertFalse( $slots[2]->take() );
		$slots[0]->release();
		self::assertTrue( $slots[2]->take() );
		$slots[1]->release();
		$slots[2]->release();
		array_map( 'unlink', (array) glob( $folder . '/*' ) );
		rmdir( $folder );
		self::assertTrue( ( new Slots( '/proc/nowhere', 2 ) )->take(), 'without a folder nothing is counted' );
	}

	public function test_when_slots_run_out_the_form_is_asked_to_wait(): void {
		$folder = get_temp_dir() . 'tillside-test-' . getmypid();
		$taken  = new Slots( $folder, 1 );
		$taken->take();
		$proxy  = new \Tillside\Proxy( \Tillside\Plugin::instance()->client(), new Slots( $folder, 1 ) );
		$answer = $proxy->forward( 'GET', '/v1/ping', static fn() => '', array(), '127.0.0.1' );
		$taken->release();
		array_map( 'unlink', (array) glob( $folder . '/*' ) );
		rmdir( $folder );
		self::assertSame( 503, $answer['status'] );
		self::assertSame( '1', $answer['headers']['Retry-After'] );
		self::assertCount( 0, $this->sent );
	}

	/**
	 * Runs WordPress in a process of its own with the relay in place, and answers it as Tillside would.
	 *
	 * @param string $uri Request.
	 * @return array{0:string,1:string} What Tillside got, and what the browser got.
	 */
	private static function through_relay( string $uri ): array {
		$folder = get_temp_dir() . 'tillside-mu-' . getmypid();
		wp_mkdir_p( $folder );
		file_put_contents( $folder . '/tillside-relay.php', ( new \Tillside\Relay() )->code() );
		$socket = stream_socket_server( 'tcp://127.0.0.1:0' );
		$code   = sprintf(
			'define( "WPMU_PLUGIN_DIR", %s ); define( "TILLSIDE_URL", %s ); $_SERVER = array( "HTTP_HOST" => "wp.test", "REQUEST_METHOD" => "GET", "SERVER_PROTOCOL" => "HTTP/1.1", "REQUEST_URI" => %s, "REMOTE_ADDR" => "192.0.2.9", "HTTP_X_TILLSIDE_CHECKOUT" => "abc" ) + $_SERVER; require %s; echo "WORDPRESS ", did_action( "plugins_loaded" );',
			var_export( $folder, true ),
			var_export( 'http://' . stream_socket_get_name( $socket, false ), true ),
			var_export( $uri, true ),
			var_export( ABSPATH . 'wp-load.php', true )
		);
		$child  = proc_open( array( PHP_BINARY, '-d', 'auto_prepend_file=', '-r', $code ), array( 1 => array( 'pipe', 'w' ) ), $pipes );
		$got    = '';
		$guest  = false !== strpos( $uri, '/v1/' ) ? @stream_socket_accept( $socket, 10 ) : false;
		if ( $guest ) {
			while ( false === strpos( $got, "\r\n\r\n" ) && ! feof( $guest ) ) {
				$got .= fread( $guest, 8192 );
			}
			fwrite( $guest, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\nConnection: close\r\n\r\n{\"relayed\":42}" );
			fclose( $guest );
		}
		$out = (string) stream_get_contents( $pipes[1] );
		proc_close( $child );
		fclose( $socket );
		unlink( $folder . '/tillside-relay.php' );
		rmdir( $folder );
		return array( $got, $out );
	}

	public function test_the_relay_answers_before_plugins_are_loaded(): void {
		list( $got, $out ) = self::through_relay( '/tillside/v1/orders/0a?x=1' );
		self::assertSame( '{"relayed":42}', $out );
		self::assertStringStartsWith( 'GET /v1/orders/0a HTTP/1.', $got );
		self::assertMatchesRegularExpression( '/^X-Tillside-Checkout: abc\r$/mi', $got );
		preg_match( '/^X-Tillside-Authorization: Bearer (\S+)\r$/mi', $got, $match );
		$claims = ( new Verifier( Keys::load(), get_option( 'home' ) ) )->verify_call( Token::TO_TILLSIDE, $match[1], 'GET', '/v1/orders/0a', '', array( 'browser' ) );
		self::assertSame( '192.0.2.9', $claims['ip'] );
	}

	public function test_the_relay_leaves_other_pages_alone(): void {
		self::assertSame( 'WORDPRESS 1', self::through_relay( '/tillside/' )[1] );
		self::assertSame( 'WORDPRESS 1', self::through_relay( '/about/?to=tillside' )[1] );
	}
}
