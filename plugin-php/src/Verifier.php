<?php
/**
 * Checks the tokens that plugin and Tillside exchange.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Lets only tokens pass that were made for this site, this purpose and, for calls, this request. The order of the checks is
 * part of the contract with Tillside; wpbridge/testdata/tokens.json holds both to it.
 */
final class Verifier {

	private const SKEW = 30;

	/**
	 * Keys.
	 *
	 * @var Keys
	 */
	private Keys $keys;

	/**
	 * The site's address, without a trailing slash.
	 *
	 * @var string
	 */
	private string $home;

	/**
	 * The time, 0 for the clock's.
	 *
	 * @var int
	 */
	private int $time;

	/**
	 * Creates a verifier.
	 *
	 * @param Keys   $keys Keys.
	 * @param string $home The site's address, without a trailing slash.
	 * @param int    $time The time, for tests; 0 means now.
	 */
	public function __construct( Keys $keys, string $home, int $time = 0 ) {
		$this->keys = $keys;
		$this->home = $home;
		$this->time = $time;
	}

	/**
	 * Checks a call token. A second use is for the caller to refuse, by the claim jti.
	 *
	 * @param string   $direction Token::TO_PLUGIN or Token::TO_TILLSIDE.
	 * @param string   $token     Token.
	 * @param string   $method    HTTP method.
	 * @param string   $target    REST route, or path and query.
	 * @param string   $body      Raw body.
	 * @param string[] $scopes    Scopes that may.
	 * @return array<string, mixed>|WP_Error Claims, or why not.
	 */
	public function verify_call( string $direction, string $token, string $method, string $target, string $body, array $scopes ) {
		$claims = $this->open( Token::CALL[0], Token::CALL[1] . $direction, $token );
		if ( is_wp_error( $claims ) ) {
			return $claims;
		}
		$to_plugin = Token::TO_PLUGIN === $direction;
		$reason    = self::wrong_type( $claims, array( 'iss', 'aud', 'jti', 'scope', 'sub', 'ip', 'htm', 'htu', 'bh' ) );
		$reason    = $reason ? $reason : $this->wrong_party( $claims, $to_plugin ? 'tillside' : $this->home, $to_plugin ? $this->home : 'tillside' );
		$reason    = $reason ? $reason : $this->wrong_time( $claims, Token::CALL_LIFE );
		$reason    = $reason ? $reason : self::wrong_call( $claims, $method, $target, $body, $scopes );
		return $reason ? self::refuse( $reason ) : $claims;
	}

	/**
	 * Checks a form token.
	 *
	 * @param string $token Token.
	 * @return array<string, mixed>|WP_Error Claims, or why not.
	 */
	public function verify_form( string $token ) {
		$claims = $this->open( Token::FORM[0], Token::FORM[1], $token );
		if ( is_wp_error( $claims ) ) {
			return $claims;
		}
		$reason = self::wrong_type( $claims, array( 'iss', 'aud', 'offer', 'inst', 'page', 'coupon', 'layout' ) );
		$reason = $reason ? $reason : $this->wrong_party( $claims, $this->home, 'tillside' );
		$reason = $reason ? $reason : $this->wrong_time( $claims, 0 );
		if ( ! $reason && ( '' === ( $claims['offer'] ?? '' ) || '' === ( $claims['inst'] ?? '' ) ) ) {
			$reason = 'claims';
		}
		return $reason ? self::refuse( $reason ) : $claims;
	}

	/**
	 * Checks a session token.
	 *
	 * @param string $token Token.
	 * @return array<string, mixed>|WP_Error Claims, or why not.
	 */
	public function verify_session( string $token ) {
		$claims = $this->open( Token::SESSION[0], Token::SESSION[1], $token );
		if ( is_wp_error( $claims ) ) {
			return $claims;
		}
		$reason = self::wrong_type( $claims, array( 'iss', 'aud', 'sub', 'scope' ) );
		$reason = $reason ? $reason : $this->wrong_party( $claims, $this->home, 'tillside' );
		$reason = $reason ? $reason : $this->wrong_time( $claims, Token::SESSION_LIFE );
		if ( ! $reason && ! self::is_user_id( $claims['sub'] ?? '' ) ) {
			$reason = 'claims';
		}
		return $reason ? self::refuse( $reason ) : $claims;
	}

	/** The time. */
	private function now(): int {
		return 0 !== $this->time ? $this->time : time();
	}

	/**
	 * Checks all that does not depend on the claims.
	 *
	 * @param string $typ   Token type.
	 * @param string $info  What the key is derived with.
	 * @param string $token Token.
	 * @return array<string, mixed>|WP_Error Claims, or why not.
	 */
	private function open( string $typ, string $info, string $token ) {
		if ( strlen( $token ) > Token::MAX_LENGTH ) {
			return self::refuse( 'length' );
		}
		$parts = explode( '.', $token );
		$head  = 3 === count( $parts ) ? self::read_object( self::decode( $parts[0] ) ) : null;
		if ( null === $head ) {
			return self::refuse( 'malformed' );
		}
		if ( 'HS256' !== ( $head['alg'] ?? null ) ) {
			return self::refuse( 'alg' );
		}
		if ( ( $head['typ'] ?? null ) !== $typ ) {
			return self::refuse( 'typ' );
		}
		if ( array_key_exists( 'crit', $head ) ) {
			return self::refuse( 'crit' );
		}
		$kid = $head['kid'] ?? null;
		$key = is_string( $kid ) ? $this->keys->derive( $kid, $info ) : '';
		if ( '' === $key ) {
			return self::refuse( 'kid' );
		}
		$signature = self::decode( $parts[2] );
		if ( null === $signature ) {
			return self::refuse( 'malformed' );
		}
		if ( ! hash_equals( hash_hmac( 'sha256', $parts[0] . '.' . $parts[1], $key, true ), $signature ) ) {
			return self::refuse( 'signature' );
		}
		$json   = self::decode( $parts[1] );
		$claims = self::read_object( $json );
		if ( null === $claims ) {
			return self::refuse( null === $json ? 'malformed' : 'claims' );
		}
		return $claims;
	}

	/**
	 * Checks that claims are strings, and the times integers. Null counts as absent.
	 *
	 * @param array<string, mixed> $claims  Claims.
	 * @param string[]             $strings Names of those that are strings.
	 * @return string Reason, or "".
	 */
	private static function wrong_type( array $claims, array $strings ): string {
		foreach ( $strings as $name ) {
			if ( ! is_string( $claims[ $name ] ?? '' ) ) {
				return 'claims';
			}
		}
		return is_int( $claims['iat'] ?? 0 ) && is_int( $claims['exp'] ?? 0 ) ? '' : 'claims';
	}

	/** Checks who signed and who is meant. */
	private function wrong_party( array $claims, string $iss, string $aud ): string {
		if ( ( $claims['iss'] ?? '' ) !== $iss ) {
			return 'iss';
		}
		return ( $claims['aud'] ?? '' ) !== $aud ? 'aud' : '';
	}

	/** Checks the times; a life of 0 means that the token does not expire. */
	private function wrong_time( array $claims, int $life ): string {
		$iat = $claims['iat'] ?? 0;
		$exp = $claims['exp'] ?? 0;
		if ( $iat <= 0 || ( $life > 0 && $exp <= $iat ) ) {
			return 'claims';
		}
		if ( $iat > $this->now() + self::SKEW ) {
			return 'future';
		}
		if ( 0 === $life ) {
			return '';
		}
		if ( $exp - $iat > $life ) {
			return 'lifetime';
		}
		return $this->now() > $exp + self::SKEW ? 'expired' : '';
	}

	/** Checks that a call token is for this request. */
	private static function wrong_call( array $claims, string $method, string $target, string $body, array $scopes ): string {
		$sub = $claims['sub'] ?? '';
		if ( ! preg_match( '/^[0-9a-f]{32}\z/', $claims['jti'] ?? '' ) || ( '' !== $sub && ! self::is_user_id( $sub ) ) ) {
			return 'claims';
		}
		if ( ! in_array( $claims['scope'] ?? '', $scopes, true ) ) {
			return 'scope';
		}
		if ( '' !== ( $claims['ip'] ?? '' ) && 'browser' !== $claims['scope'] ) {
			return 'claims';
		}
		if ( ( $claims['htm'] ?? '' ) !== $method ) {
			return 'htm';
		}
		if ( ( $claims['htu'] ?? '' ) !== $target ) {
			return 'htu';
		}
		return hash_equals( Token::body_hash( $body ), $claims['bh'] ?? '' ) ? '' : 'bh';
	}

	/** Reports whether a text is the id of a user. */
	private static function is_user_id( string $text ): bool {
		return 1 === preg_match( '/^[1-9][0-9]{0,18}\z/', $text );
	}

	/** Makes the error; its reason is for tests and the log. */
	private static function refuse( string $reason ): WP_Error {
		return new WP_Error(
			'tillside_unauthorized',
			'The request is not signed as it must be.',
			array(
				'status' => 401,
				'reason' => $reason,
			)
		);
	}

	/**
	 * Decodes strictly: no padding, no foreign letters, no bits left over.
	 *
	 * @param string $text base64url.
	 * @return string|null Bytes, or null.
	 */
	private static function decode( string $text ): ?string {
		$bytes = '' === $text ? false : base64_decode( strtr( $text, '-_', '+/' ), true );
		return false !== $bytes && Token::encode( $bytes ) === $text ? $bytes : null;
	}

	/**
	 * Reads a JSON object; a list is none.
	 *
	 * @param string|null $json JSON.
	 * @return array<string, mixed>|null Its members, or null.
	 */
	private static function read_object( ?string $json ): ?array {
		$value = null === $json ? null : json_decode( $json, false, 16 );
		return is_object( $value ) ? get_object_vars( $value ) : null;
	}
}
