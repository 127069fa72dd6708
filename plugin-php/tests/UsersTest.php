<?php
/**
 * Users, their roles, and the new buyer's way in.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

use Tillside\Login;
use Tillside\Roles;

/**
 * Tests Rest\UsersController, Rest\CredentialsController, Login and Roles.
 */
final class UsersTest extends TestCase {

	private const ADA = array(
		'key'        => 'order:7',
		'email'      => 'ada@example.org',
		'login'      => 'ada@example.org',
		'first_name' => "Ada <b>\\'\"",
		'last_name'  => '🔑 O\'Hara',
		'roles'      => array( 'subscriber' ),
	);

	private static function fingerprint( int $id ): string {
		global $wpdb;
		return hash( 'sha256', $wpdb->get_var( "SELECT user_pass FROM $wpdb->users WHERE ID = $id" ) );
	}

	public function test_a_user_is_made_once_per_key(): void {
		$first = $this->call( '/users', 'users', self::ADA )->get_data();
		self::assertTrue( $first['created'] );
		$user = get_userdata( $first['user_id'] );
		self::assertSame( 'ada@example.org', $user->user_login );
		self::assertSame( array( 'subscriber' ), $user->roles );
		self::assertSame( "O'Hara", mb_substr( $user->last_name, 2 ) );
		self::assertSame( self::fingerprint( $user->ID ), $first['pass_fingerprint'] );
		self::assertSame( $first, $this->call( '/users', 'users', self::ADA )->get_data() );

		$other = $this->call( '/users', 'users', array( 'key' => 'order:8' ) + self::ADA )->get_data();
		self::assertFalse( $other['created'] );
		self::assertSame( $first['user_id'], $other['user_id'] );
	}

	public function test_a_taken_login_gets_a_number(): void {
		$this->call( '/users', 'users', self::ADA );
		$second = $this->call(
			'/users',
			'users',
			array(
				'key'   => 'order:9',
				'email' => 'other@example.org',
			) + self::ADA
		)->get_data();
		self::assertSame( 'ada@example.org-2', $second['login'] );
	}

	public function test_impossible_addresses_and_roles_make_no_user(): void {
		foreach ( array( '', 'ada', 'dúp@example.org', "a@example.org\n", 'a b@example.org' ) as $email ) {
			self::assertSame( 400, $this->call( '/users', 'users', array( 'email' => $email ) + self::ADA )->get_status(), $email );
		}
		self::assertSame( 403, $this->call( '/users', 'users', array( 'roles' => array( 'administrator' ) ) + self::ADA )->get_status() );
		self::assertSame( 403, $this->call( '/users', 'users', array( 'roles' => array( 'subscriber', 'editor' ) ) + self::ADA )->get_status() );
		self::assertSame( 400, $this->call( '/users', 'users', array( 'roles' => array( 'nobody' ) ) + self::ADA )->get_status() );
		self::assertFalse( get_user_by( 'email', 'ada@example.org' ) );
	}

	public function test_user_register_fires_once(): void {
		global $wpdb;
		$id   = self::user();
		$twin = self::user();
		$wpdb->update( $wpdb->users, array( 'user_email' => strtoupper( get_userdata( $id )->user_email ) ), array( 'ID' => $twin ) );
		$seen = array();
		add_action(
			'user_register',
			function ( $user, $data ) use ( &$seen ) {
				$seen[] = array( $user, $data['user_login'], $data['role'] );
			},
			10,
			2
		);
		$first = $this->call( '/users/created', 'users', array( 'user_id' => $id ) )->get_data();
		self::assertSame(
			array(
				'fired'      => true,
				'duplicates' => array( $twin ),
			),
			$first
		);
		self::assertFalse( $this->call( '/users/created', 'users', array( 'user_id' => $id ) )->get_data()['fired'] );
		self::assertSame( array( array( $id, get_userdata( $id )->user_login, 'subscriber' ) ), $seen );
		self::assertSame( 404, $this->call( '/users/created', 'users', array( 'user_id' => 999999 ) )->get_status() );
	}

	public function test_roles_are_added_and_removed(): void {
		$id = self::user();
		self::assertSame( array( 'subscriber', 'contributor' ), $this->call( "/users/$id/roles", 'users', array( 'add' => array( 'contributor' ) ) )->get_data()['roles'] );
		self::assertSame( array( 'contributor' ), $this->call( "/users/$id/roles", 'users', array( 'remove' => array( 'subscriber' ) ) )->get_data()['roles'] );
		self::assertSame( 403, $this->call( "/users/$id/roles", 'users', array( 'add' => array( 'editor' ) ) )->get_status() );
		$admin = self::user( 'administrator' );
		self::assertSame( 403, $this->call( "/users/$admin/roles", 'users', array( 'remove' => array( 'administrator' ) ) )->get_status() );
	}

	public function test_a_role_of_another_plugin_is_judged_by_what_it_may(): void {
		add_role( 'shop_boss', 'Boss', array( 'read' => true, 'edit_others_products' => true ) );
		add_role( 'reader', 'Reader', array( 'read' => true, 'edit_users' => false ) );
		$roles = new Roles();
		self::assertTrue( $roles->is_forbidden( 'shop_boss' ) );
		self::assertFalse( $roles->is_forbidden( 'reader' ) );
		remove_role( 'shop_boss' );
		remove_role( 'reader' );
	}

	public function test_credentials_log_in_at_wp_login(): void {
		$id   = self::user();
		$data = $this->call( "/users/$id/credentials", 'users', array( 'pass_fingerprint' => self::fingerprint( $id ) ) )->get_data();
		self::assertSame( 16, strlen( $data['password'] ) );
		self::assertSame( self::fingerprint( $id ), $data['pass_fingerprint'] );
		self::assertNotWPError( wp_authenticate( $data['user_login'], wp_slash( $data['password'] ) ) );

		// A chosen one with quotes: wp-login.php hands on what WordPress has slashed.
		$own  = "it's \"mine\" ünd 🔑";
		$data = $this->call(
			"/users/$id/credentials",
			'users',
			array(
				'pass_fingerprint' => $data['pass_fingerprint'],
				'password'         => " $own ",
			)
		)->get_data();
		self::assertSame( $own, $data['password'] );
		self::assertNotWPError( wp_authenticate( $data['user_login'], wp_slash( $own ) ) );
	}

	private static function assertNotWPError( $value ): void {
		self::assertFalse( is_wp_error( $value ), is_wp_error( $value ) ? $value->get_error_message() : '' );
	}

	public function test_credentials_are_refused_when_the_password_was_changed(): void {
		$id   = self::user();
		$old  = self::fingerprint( $id );
		$hook = 0;
		add_action(
			'wp_set_password',
			function () use ( &$hook ) {
				++$hook;
			}
		);
		wp_set_password( 'theirs', $id );
		$answer = $this->call( "/users/$id/credentials", 'users', array( 'pass_fingerprint' => $old ) );
		self::assertSame( 409, $answer->get_status() );
		self::assertSame( 'tillside_conflict', $answer->get_data()['code'] );
		self::assertNotWPError( wp_authenticate( get_userdata( $id )->user_login, 'theirs' ) );
		self::assertSame( 1, $hook );
	}

	public function test_bad_passwords_and_powerful_accounts_are_refused(): void {
		$id = self::user();
		foreach ( array( 'short', '       a       ', 'back\\slash', "line\nbreak1", str_repeat( 'x', 5000 ) ) as $password ) {
			$answer = $this->call(
				"/users/$id/credentials",
				'users',
				array(
					'pass_fingerprint' => self::fingerprint( $id ),
					'password'         => $password,
				)
			);
			self::assertSame( 400, $answer->get_status(), $password );
			self::assertSame( 'password', $answer->get_data()['data']['field'] );
		}
		$editor = self::user( 'editor' );
		self::assertSame( 403, $this->call( "/users/$editor/credentials", 'users', array( 'pass_fingerprint' => self::fingerprint( $editor ) ) )->get_status() );
	}

	public function test_the_mailed_link_survives_credentials(): void {
		$id  = self::user();
		$key = get_password_reset_key( get_userdata( $id ) );
		$this->call( "/users/$id/credentials", 'users', array( 'pass_fingerprint' => self::fingerprint( $id ) ) );
		self::assertNotWPError( check_password_reset_key( $key, get_userdata( $id )->user_login ) );
	}

	public function test_a_one_time_login_works_once(): void {
		$id     = self::user();
		$data   = $this->call(
			"/users/$id/credentials",
			'users',
			array(
				'pass_fingerprint' => self::fingerprint( $id ),
				'start_url'        => home_url( '/start/' ),
			)
		)->get_data();
		$fields = $data['login']['fields'];
		self::assertSame( admin_url( 'admin-post.php' ), $data['login']['url'] );
		self::assertSame( 'tillside_login', $fields['action'] );
		self::assertNotContains( $fields['token'], array_merge( ...array_values( get_user_meta( $id ) ) ), 'only its hash is stored' );

		$logins = array();
		add_action(
			'wp_login',
			function ( $login ) use ( &$logins ) {
				$logins[] = $login;
			}
		);
		self::assertSame( home_url( '/start/' ), $this->post_login( $fields['token'] ) );
		self::assertSame( $id, get_current_user_id() );
		wp_set_current_user( 0 );
		self::assertSame( add_query_arg( 'tillside', 'used', wp_login_url() ), $this->post_login( $fields['token'] ) );
		self::assertSame( 0, get_current_user_id() );
		self::assertSame( array( $data['user_login'] ), $logins );
	}

	public function test_a_one_time_login_ends_and_stays_on_the_site(): void {
		$id    = self::user();
		$login = new Login( new Roles() );
		$token = $login->offer( $id, 'https://evil.example/' )['fields']['token'];
		self::assertNull( $login->spend( $token . '0' ) );
		self::assertNull( $login->spend( ( $id + 1 ) . strstr( $token, '.' ) ) );
		self::assertSame( home_url( '/' ), $this->post_login( $token ) );

		$token = $login->offer( $id, '' )['fields']['token'];
		update_user_meta( $id, Login::META, array( 'until' => time() - 1 ) + get_user_meta( $id, Login::META, true ) );
		self::assertNull( $login->spend( $token ) );

		$token = $login->offer( $id, '' )['fields']['token'];
		get_userdata( $id )->set_role( 'editor' );
		self::assertNull( $login->spend( $token ), 'an account that became powerful' );
	}

	/**
	 * Posts a token as the thank-you page's button does.
	 *
	 * @param string $token Token.
	 * @return string Where it led.
	 */
	private function post_login( string $token ): string {
		$to    = '';
		$catch = function ( $location ) use ( &$to ) {
			$to = $location;
			return false;
		};
		add_filter( 'wp_redirect', $catch );
		add_filter( 'send_auth_cookies', '__return_false' );
		$_SERVER['REQUEST_METHOD'] = 'POST';
		$_POST                     = array( 'token' => $token );
		do_action( 'admin_post_nopriv_tillside_login' );
		$_POST = array();
		remove_filter( 'wp_redirect', $catch );
		return $to;
	}
}
