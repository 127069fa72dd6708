<?php
/**
 * Who is logged in, and what happens to users.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

use Tillside\Keys;
use Tillside\Verifier;

/**
 * Tests Session and Outbox.
 */
final class SessionTest extends TestCase {

	/**
	 * Asks as a page's script does.
	 *
	 * @param array<string, string> $headers Headers.
	 * @return array<string, mixed> Answer.
	 */
	private function ask( array $headers = array() ): array {
		$before  = $_SERVER;
		$_SERVER = $headers + $_SERVER;
		$die     = function () {
			return function () {
				throw new \RuntimeException( 'end' );
			};
		};
		add_filter( 'wp_doing_ajax', '__return_true' );
		add_filter( 'wp_die_ajax_handler', $die );
		ob_start();
		try {
			do_action( is_user_logged_in() ? 'wp_ajax_tillside_session' : 'wp_ajax_nopriv_tillside_session' );
		} catch ( \RuntimeException $e ) {
			unset( $e );
		}
		$_SERVER = $before;
		return json_decode( (string) ob_get_clean(), true );
	}

	public function test_visitors_get_no_token_and_members_one_of_five_minutes(): void {
		self::assertSame(
			array(
				'token'   => '',
				'expires' => 300,
				'user'    => 0,
			),
			$this->ask()
		);
		$id = self::user();
		wp_set_current_user( $id );
		$answer = $this->ask( array( 'HTTP_SEC_FETCH_SITE' => 'same-origin' ) );
		$claims = ( new Verifier( Keys::load(), get_option( 'home' ) ) )->verify_session( $answer['token'] );
		self::assertSame( (string) $id, $claims['sub'] );
		self::assertSame( 300, $claims['exp'] - $claims['iat'] );
		self::assertSame( $id, $answer['user'] );
	}

	public function test_other_sites_get_nothing(): void {
		wp_set_current_user( self::user() );
		foreach ( array( 'cross-site', 'same-site', 'none' ) as $site ) {
			self::assertSame( 'forbidden', $this->ask( array( 'HTTP_SEC_FETCH_SITE' => $site ) )['code'], $site );
		}
		self::assertSame( 'forbidden', $this->ask( array( 'HTTP_ORIGIN' => 'https://evil.example' ) )['code'] );
		self::assertArrayHasKey( 'token', $this->ask( array( 'HTTP_ORIGIN' => get_option( 'home' ) ) ) );
	}

	public function test_changes_of_users_are_noted(): void {
		$id     = self::user();
		$before = count( self::outbox() );
		wp_update_user(
			array(
				'ID'         => $id,
				'first_name' => 'New',
			)
		);
		get_userdata( $id )->set_role( 'contributor' );
		do_action( 'wp_login', 'somebody', get_userdata( $id ) );
		wp_delete_user( $id );
		$rows = array_slice( self::outbox(), $before );
		self::assertContains( array( 'user.updated', $id ), $rows );
		self::assertContains( array( 'user.roles', $id ), $rows );
		self::assertContains( array( 'user.login', $id ), $rows );
		self::assertSame( array( 'user.deleted', $id ), end( $rows ) );
	}

	public function test_without_the_table_users_change_all_the_same(): void {
		global $wpdb;
		$elsewhere = function ( $sql ) {
			return str_replace( 'tillside_wp_events', 'tillside_nowhere', $sql );
		};
		add_filter( 'query', $elsewhere );
		$id = self::user( 'contributor' );
		self::assertSame( array( 'contributor' ), get_userdata( $id )->roles );
		self::assertFalse( $wpdb->suppress_errors );
	}
}
