<?php
/**
 * Signs the tokens that plugin and Tillside exchange.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * JSON Web Tokens, HS256 only, told apart by typ. wpbridge/testdata/tokens.json holds plugin and Tillside to the same form.
 */
final class Token {

	public const HEADER = 'X-Tillside-Authorization';

	public const TO_TILLSIDE = 'plugin-to-tillside';
	public const TO_PLUGIN   = 'tillside-to-plugin';

	public const CALL    = array( 'tillside-call+jwt', 'tillside/v1/call/' );
	public const FORM    = array( 'tillside-form+jwt', 'tillside/v1/form' );
	public const SESSION = array( 'tillside-session+jwt', 'tillside/v1/session' );

	public const MAX_LENGTH   = 4096;
	public const CALL_LIFE    = 60;
	public const SESSION_LIFE = 300;

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
	 * Creates a signer.
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
	 * Signs a call to Tillside, good for a minute and for this request only.
	 *
	 * @param string $scope  What the call is for: render, admin or browser.
	 * @param string $method HTTP method.
	 * @param string $target Path and raw query, exactly as sent.
	 * @param string $body   Raw body.
	 * @param string $sub    Acting user's id, or "".
	 * @param string $ip     The browser's address, or ""; for the scope browser.
	 * @return string Token, or "" when there are no keys.
	 */
	public function call( string $scope, string $method, string $target, string $body, string $sub = '', string $ip = '' ): string {
		$now    = $this->now();
		$claims = array(
			'iss'   => $this->home,
			'aud'   => 'tillside',
			'iat'   => $now,
			'exp'   => $now + self::CALL_LIFE,
			'jti'   => bin2hex( random_bytes( 16 ) ),
			'scope' => $scope,
		);
		if ( '' !== $sub ) {
			$claims['sub'] = $sub;
		}
		if ( '' !== $ip ) {
			$claims['ip'] = $ip;
		}
		$claims += array(
			'htm' => $method,
			'htu' => $target,
			'bh'  => self::body_hash( $body ),
		);
		return $this->sign( self::CALL[0], self::CALL[1] . self::TO_TILLSIDE, $claims );
	}

	/**
	 * Signs a form token, the same for every visitor of the page within the hour.
	 *
	 * @param string $offer    Slug.
	 * @param string $instance Id of the form on the page.
	 * @param string $page     Permalink, or "".
	 * @param string $coupon   Preset coupon, or "".
	 * @param string $layout   Layout, or "".
	 * @return string Token, or "" when there are no keys.
	 */
	public function form( string $offer, string $instance, string $page, string $coupon, string $layout ): string {
		$now    = $this->now();
		$claims = array(
			'iss'   => $this->home,
			'aud'   => 'tillside',
			'iat'   => $now - $now % 3600,
			'offer' => $offer,
			'inst'  => $instance,
			'page'  => $page,
		);
		if ( '' !== $coupon ) {
			$claims['coupon'] = $coupon;
		}
		if ( '' !== $layout ) {
			$claims['layout'] = $layout;
		}
		return $this->sign( self::FORM[0], self::FORM[1], $claims );
	}

	/**
	 * Signs a session token.
	 *
	 * @param int    $user_id Who is logged in.
	 * @param string $scope   Scopes, apart by spaces.
	 * @return string Token, or "" when there are no keys.
	 */
	public function session( int $user_id, string $scope ): string {
		$now = $this->now();
		return $this->sign(
			self::SESSION[0],
			self::SESSION[1],
			array(
				'iss'   => $this->home,
				'aud'   => 'tillside',
				'sub'   => (string) $user_id,
				'scope' => $scope,
				'iat'   => $now,
				'exp'   => $now + self::SESSION_LIFE,
			)
		);
	}

	/**
	 * Hashes a body as the claim bh has it.
	 *
	 * @param string $body Raw body.
	 * @return string Hash.
	 */
	public static function body_hash( string $body ): string {
		return self::encode( hash( 'sha256', $body, true ) );
	}

	/**
	 * Takes the token out of a header; the word Bearer is optional.
	 *
	 * @param string $value Header's value.
	 * @return string Token.
	 */
	public static function bearer( string $value ): string {
		return (string) preg_replace( '/^bearer +/i', '', trim( $value ) );
	}

	/** The time. */
	private function now(): int {
		return 0 !== $this->time ? $this->time : time();
	}

	/**
	 * Signs claims with the newest key.
	 *
	 * @param string               $typ    Token type.
	 * @param string               $info   What the key is derived with.
	 * @param array<string, mixed> $claims Claims.
	 * @return string Token, or "".
	 */
	private function sign( string $typ, string $info, array $claims ): string {
		$kid = $this->keys->newest();
		$key = $this->keys->derive( $kid, $info );
		if ( '' === $key ) {
			return '';
		}
		$head  = array(
			'alg' => 'HS256',
			'typ' => $typ,
			'kid' => $kid,
		);
		$flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE;
		// Not wp_json_encode(): the relay signs before all of WordPress is there, and the text must not depend on filters.
		$text  = self::encode( (string) json_encode( $head, $flags ) ) . '.' . self::encode( (string) json_encode( $claims, $flags ) ); // phpcs:ignore WordPress.WP.AlternativeFunctions
		$token = $text . '.' . self::encode( hash_hmac( 'sha256', $text, $key, true ) );
		return strlen( $token ) > self::MAX_LENGTH ? '' : $token;
	}

	/**
	 * Encodes as base64url without padding.
	 *
	 * @param string $bytes Bytes.
	 * @return string Text.
	 */
	public static function encode( string $bytes ): string {
		return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' );
	}
}
