<?php
/**
 * Tokens, held to the same vectors as Tillside's.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

use Tillside\Keys;
use Tillside\Token;
use Tillside\Verifier;

/**
 * Tests Keys, Token and Verifier.
 */
final class TokenTest extends TestCase {

	private static function vectors(): array {
		return json_decode( (string) file_get_contents( dirname( __DIR__, 2 ) . '/wpbridge/testdata/tokens.json' ), true );
	}

	private static function reason( $result ): string {
		return is_wp_error( $result ) ? $result->get_error_data()['reason'] : '';
	}

	public function test_derived_keys_are_those_of_go(): void {
		$vectors = self::vectors();
		$keys    = new Keys( $vectors['keys'] );
		self::assertSame( $vectors['newest'], $keys->newest() );
		self::assertGreaterThan( 10, count( $vectors['derived'] ) );
		foreach ( $vectors['derived'] as $vector ) {
			self::assertSame( $vector['hex'], bin2hex( $keys->derive( $vector['kid'], $vector['info'] ) ), $vector['kid'] . ' ' . $vector['info'] );
		}
	}

	public function test_tokens_are_accepted_and_refused_as_go_does(): void {
		$vectors  = self::vectors();
		$verifier = new Verifier( new Keys( $vectors['keys'] ), $vectors['home'], $vectors['now'] );
		$count    = 0;
		foreach ( array_merge( $vectors['accepted'], $vectors['refused'] ) as $vector ) {
			switch ( $vector['kind'] ) {
				case 'call':
					$result = $verifier->verify_call( $vector['direction'], $vector['token'], $vector['method'], $vector['target'], $vector['body'] ?? '', array( $vector['scope'] ) );
					break;
				case 'form':
					$result = $verifier->verify_form( $vector['token'] );
					break;
				default:
					$result = $verifier->verify_session( $vector['token'] );
			}
			self::assertSame( $vector['reason'] ?? '', self::reason( $result ), $vector['name'] );
			if ( isset( $vector['claims'] ) ) {
				self::assertEquals( $vector['claims'], $result, $vector['name'] );
			}
			++$count;
		}
		self::assertGreaterThan( 100, $count );
	}

	public function test_form_and_session_tokens_are_byte_for_byte_those_of_go(): void {
		$vectors = self::vectors();
		$token   = new Token( new Keys( $vectors['keys'] ), $vectors['home'], $vectors['now'] );
		$count   = 0;
		foreach ( $vectors['accepted'] as $vector ) {
			$claims = $vector['claims'];
			if ( 0 !== strpos( $vector['name'], 'newest key: ' ) || 'call' === $vector['kind'] ) {
				continue;
			}
			$made = 'form' === $vector['kind']
				? $token->form( $claims['offer'], $claims['inst'], $claims['page'], $claims['coupon'] ?? '', $claims['layout'] ?? '' )
				: $token->session( (int) $claims['sub'], $claims['scope'] );
			self::assertSame( $vector['token'], $made, $vector['name'] );
			++$count;
		}
		self::assertGreaterThan( 2, $count );
	}

	public function test_a_call_is_good_for_its_request_only(): void {
		$vectors = self::vectors();
		$keys    = new Keys( $vectors['keys'] );
		$token   = ( new Token( $keys, 'https://a.example', 1000 ) )->call( 'browser', 'POST', '/v1/quotes', '{}', '', '192.0.2.1' );
		$check   = function ( string $method, string $target, string $body, array $scopes, int $now = 1000, string $home = 'https://a.example' ) use ( $keys, $token ): string {
			return self::reason( ( new Verifier( $keys, $home, $now ) )->verify_call( Token::TO_TILLSIDE, $token, $method, $target, $body, $scopes ) );
		};
		self::assertSame( '', $check( 'POST', '/v1/quotes', '{}', array( 'browser' ) ) );
		self::assertSame( '', $check( 'POST', '/v1/quotes', '{}', array( 'browser' ), 1090 ) );
		self::assertSame( 'expired', $check( 'POST', '/v1/quotes', '{}', array( 'browser' ), 1091 ) );
		self::assertSame( 'future', $check( 'POST', '/v1/quotes', '{}', array( 'browser' ), 969 ) );
		self::assertSame( 'htm', $check( 'PUT', '/v1/quotes', '{}', array( 'browser' ) ) );
		self::assertSame( 'htu', $check( 'POST', '/v1/quotes?a=1', '{}', array( 'browser' ) ) );
		self::assertSame( 'bh', $check( 'POST', '/v1/quotes', '{ }', array( 'browser' ) ) );
		self::assertSame( 'scope', $check( 'POST', '/v1/quotes', '{}', array( 'admin' ) ) );
		self::assertSame( 'iss', $check( 'POST', '/v1/quotes', '{}', array( 'browser' ), 1000, 'https://b.example' ) );
	}

	public function test_malformed_keys_are_no_keys(): void {
		$good = '"s":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="';
		foreach ( array( '', 'null', '[]', '{}', '{"k1":{}}', "{\"1\":{{$good},\"created\":1}}", "{\"k1\":{{$good}}}", '{"k1":{"s":"AAEC","created":1}}', "{\"k1\":{{$good},\"created\":1},\"k2\":{}}" ) as $json ) {
			self::assertSame( array(), ( new Keys( $json ) )->ids(), $json );
			self::assertSame( '', ( new Token( new Keys( $json ), 'https://a.example' ) )->session( 1, '' ), $json );
		}
		self::assertSame( array( 'k1' ), ( new Keys( Keys::generate() ) )->ids() );
	}

	public function test_activation_makes_keys_once_and_outside_of_autoload(): void {
		global $wpdb;
		$before = get_option( Keys::OPTION );
		self::assertNotSame( '', (string) $before );
		\Tillside\Installer::activate();
		self::assertSame( $before, get_option( Keys::OPTION ) );
		delete_option( Keys::OPTION );
		\Tillside\Installer::make_keys();
		self::assertNotSame( $before, get_option( Keys::OPTION ) );
		self::assertContains( $wpdb->get_var( "SELECT autoload FROM $wpdb->options WHERE option_name = 'tillside_keys'" ), array( 'off', 'no' ) );
		self::assertNotSame( '', \Tillside\Installer::problem( '6.7.9', '8.2.0' ) );
		self::assertNotSame( '', \Tillside\Installer::problem( '6.8', '7.3.33' ) );
		self::assertSame( '', \Tillside\Installer::problem( '6.8', '7.4.0' ) );
	}
}
