<?php
/**
 * Tillside's routes are closed to everybody else.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

use WP_REST_Request;

/**
 * Tests Rest\Guard, Rest\HelloController and Facts.
 */
final class GuardTest extends TestCase {

	private const HELLO = array(
		'version' => '0.1.0',
		'url'     => 'http://sidecar.test:8081/',
		'path'    => '/tillside',
		'time'    => 1,
	);

	public function test_a_hello_without_an_address_changes_nothing(): void {
		$this->call( '/hello', 'hello', self::HELLO );
		$before = get_option( 'tillside_sidecar' );
		$facts  = $this->call( '/hello', 'hello', array_merge( self::HELLO, array( 'url' => '' ) ) )->get_data();
		self::assertSame( get_option( 'home' ), $facts['home'] );
		self::assertSame( $before, get_option( 'tillside_sidecar' ) );
	}

	public function test_hello_tells_the_facts(): void {
		$facts = $this->call( '/hello', 'hello', self::HELLO )->get_data();
		self::assertSame( get_option( 'home' ), $facts['home'] );
		self::assertTrue( $facts['users_engine_ok'] );
		self::assertSame( array(), $facts['foreign_filters'], 'WordPress alone has no foreign filters' );
		self::assertContains( 'administrator', $facts['roles_forbidden'] );
		self::assertContains( 'editor', $facts['roles_forbidden'] );
		self::assertNotContains( 'subscriber', $facts['roles_forbidden'] );
		self::assertSame(
			array( 'home', 'siteurl', 'wp_version', 'php_version', 'plugin_version', 'multisite', 'blog_id', 'prefix', 'base_prefix', 'users_table', 'usermeta_table', 'users_engine_ok', 'locale', 'timezone', 'admin_email', 'site_name', 'login_url', 'lostpassword_url', 'object_cache', 'foreign_filters', 'mode', 'roles_forbidden', 'time' ),
			array_keys( $facts )
		);
		self::assertSame( 'http://sidecar.test:8081', get_option( 'tillside_sidecar' )['url'] );
	}

	public function test_foreign_filters_are_named(): void {
		add_filter( 'pre_user_login', 'strtoupper' );
		add_filter( 'pre_user_nicename', array( $this, 'fake' ) );
		add_filter( 'illegal_user_logins', '__return_empty_array' );
		add_filter( 'sanitize_user', fn( $login ) => $login );
		$found = $this->call( '/hello', 'hello', self::HELLO )->get_data()['foreign_filters'];
		sort( $found );
		self::assertSame(
			array( 'pre_user_login: strtoupper', 'pre_user_nicename: Tillside\Tests\GuardTest::fake', 'sanitize_user: closure in tests/GuardTest.php' ),
			$found
		);
	}

	/**
	 * Every route that is not public refuses calls without a token.
	 */
	public function test_every_route_fails_closed(): void {
		$tried = 0;
		foreach ( rest_get_server()->get_routes( 'tillside/v1' ) as $route => $handlers ) {
			if ( '/tillside/v1' === $route || false !== strpos( $route, '/proxy/' ) ) {
				continue;
			}
			$path = (string) preg_replace( '/\(\?P<\w+>.*?\)(?=\/|$)/', '7', $route );
			foreach ( array_keys( $handlers[0]['methods'] ) as $method ) {
				$request = new WP_REST_Request( $method, $path );
				$request->set_header( 'Content-Type', 'application/json' );
				$request->set_body( '{"id":"1","to":"a@example.org","subject":"s","html":"h","text":"t","events":[],"user_id":1,"key":"k","email":"a@example.org","login":"a","pass_fingerprint":"' . str_repeat( '0', 64 ) . '","version":"1","url":"u","path":"p","working":{},"offers":[]}' );
				$_SERVER['REQUEST_METHOD'] = $method;
				$status                    = rest_get_server()->dispatch( $request )->get_status();
				self::assertContains( $status, array( 401, 403 ), "$method $path" );
				++$tried;
			}
		}
		self::assertGreaterThan( 6, $tried );
	}

	public function test_wrong_tokens_are_refused(): void {
		$route = '/tillside/v1/hello';
		$body  = (string) wp_json_encode( self::HELLO );
		$wrong = array(
			'none'            => '',
			'alg none'        => self::sign( 'hello', $route, $body, array(), array( 'alg' => 'none' ) ),
			'other audience'  => self::sign( 'hello', $route, $body, array( 'aud' => 'https://other.example' ) ),
			'other issuer'    => self::sign( 'hello', $route, $body, array( 'iss' => get_option( 'home' ) ) ),
			'expired'         => self::sign(
				'hello',
				$route,
				$body,
				array(
					'iat' => time() - 120,
					'exp' => time() - 60,
				)
			),
			'other scope'     => self::sign( 'mail', $route, $body ),
			'other route'     => self::sign( 'hello', '/tillside/v1/mail', $body ),
			'other body'      => self::sign( 'hello', $route, $body . ' ' ),
			'unknown key'     => self::sign( 'hello', $route, $body, array(), array( 'kid' => 'k9' ) ),
			'own direction'   => \Tillside\Plugin::instance()->token()->call( 'hello', 'POST', $route, $body ),
		);
		foreach ( $wrong as $name => $token ) {
			$answer = $this->call( '/hello', 'hello', self::HELLO, $token );
			self::assertSame( 401, $answer->get_status(), $name );
			self::assertSame( 'tillside_unauthorized', $answer->get_data()['code'], $name );
		}
		self::assertSame( 200, $this->call( '/hello', 'hello', self::HELLO )->get_status() );
	}

	public function test_a_token_is_good_once(): void {
		$body  = array( 'users' => array( 1 ) );
		$token = self::sign( 'cache', '/tillside/v1/cache/purge', (string) wp_json_encode( $body ) );
		self::assertSame( 200, $this->call( '/cache/purge', 'cache', $body, $token )->get_status() );
		self::assertSame( 401, $this->call( '/cache/purge', 'cache', $body, $token )->get_status() );
	}

	public function test_without_the_table_only_hello_passes(): void {
		// RENAME TABLE would end the transaction.
		$elsewhere = function ( $sql ) {
			return str_replace( 'tillside_jtis', 'tillside_nowhere', $sql );
		};
		add_filter( 'query', $elsewhere );
		self::assertSame( 503, $this->call( '/cache/purge', 'cache', array( 'users' => array( 1 ) ) )->get_status() );
		self::assertSame( 200, $this->call( '/hello', 'hello', self::HELLO )->get_status() );
	}

	public function test_query_method_override_and_forms_are_refused(): void {
		$body = (string) wp_json_encode( self::HELLO );
		foreach ( array( 'query', 'method', 'form' ) as $what ) {
			$request = new WP_REST_Request( 'POST', '/tillside/v1/hello' );
			$request->set_header( 'Content-Type', 'form' === $what ? 'application/x-www-form-urlencoded' : 'application/json' );
			$request->set_header( 'X-Tillside-Authorization', self::sign( 'hello', '/tillside/v1/hello', $body ) );
			$request->set_body( $body );
			$_SERVER['REQUEST_METHOD'] = 'method' === $what ? 'GET' : 'POST';
			if ( 'query' === $what ) {
				$request->set_query_params( array( 'url' => 'http://evil.example' ) );
			}
			if ( 'form' === $what ) {
				$request->set_body_params( self::HELLO );
			}
			self::assertSame( 401, rest_get_server()->dispatch( $request )->get_status(), $what );
		}
	}

	public function test_asking_twice_about_one_request_is_one_use(): void {
		$body    = (string) wp_json_encode( array( 'users' => array() ) );
		$request = new WP_REST_Request( 'POST', '/tillside/v1/cache/purge' );
		$request->set_header( 'Content-Type', 'application/json' );
		$request->set_header( 'X-Tillside-Authorization', self::sign( 'cache', '/tillside/v1/cache/purge', $body ) );
		$request->set_body( $body );
		$_SERVER['REQUEST_METHOD'] = 'POST';
		$response                  = rest_get_server()->dispatch( $request );
		$response                  = rest_send_allow_header( $response, rest_get_server(), $request );
		self::assertSame( 'POST', $response->get_headers()['Allow'] );
	}

	public function test_another_plugins_closed_door_opens_for_signed_calls_only(): void {
		$body  = (string) wp_json_encode( self::HELLO );
		$error = new \WP_Error( 'rest_forbidden', 'Members only.' );

		$GLOBALS['wp']->query_vars['rest_route']  = '/tillside/v1/hello';
		$GLOBALS['HTTP_RAW_POST_DATA']            = $body;
		$_SERVER['REQUEST_METHOD']                = 'POST';
		$_SERVER['HTTP_X_TILLSIDE_AUTHORIZATION'] = 'Bearer ' . self::sign( 'hello', '/tillside/v1/hello', $body );
		self::assertTrue( apply_filters( 'rest_authentication_errors', $error ) );
		$_SERVER['HTTP_X_TILLSIDE_AUTHORIZATION'] = 'Bearer ' . self::sign( 'mail', '/tillside/v1/hello', $body );
		self::assertSame( $error, apply_filters( 'rest_authentication_errors', $error ) );
		unset( $_SERVER['HTTP_X_TILLSIDE_AUTHORIZATION'] );
		self::assertSame( $error, apply_filters( 'rest_authentication_errors', $error ) );
		$GLOBALS['wp']->query_vars['rest_route'] = '/wp/v2/users';
		self::assertSame( $error, apply_filters( 'rest_authentication_errors', $error ) );
		unset( $GLOBALS['HTTP_RAW_POST_DATA'], $GLOBALS['wp']->query_vars['rest_route'] );
	}
}
