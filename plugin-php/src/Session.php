<?php
/**
 * Tells the form who is logged in.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Hands out session tokens at admin-ajax.php?action=tillside_session. Not by REST: without a nonce, which no cacheable
 * page may hold, REST takes everybody for a visitor. A cookie that scripts can read hints that asking is worth while.
 */
final class Session {

	public const ACTION = 'tillside_session';
	public const HINT   = 'tillside_hint';
	public const LIFE   = 300;

	/**
	 * Signs session tokens.
	 *
	 * @var Token
	 */
	private Token $token;

	/**
	 * Creates the endpoint.
	 *
	 * @param Token $token Signs session tokens.
	 */
	public function __construct( Token $token ) {
		$this->token = $token;
	}

	/**
	 * Adds the hooks.
	 */
	public function register(): void {
		add_action( 'wp_ajax_' . self::ACTION, array( $this, 'answer' ) );
		add_action( 'wp_ajax_nopriv_' . self::ACTION, array( $this, 'answer' ) );
		add_action( 'set_logged_in_cookie', array( $this, 'hint' ), 10, 2 );
		add_action( 'clear_auth_cookie', array( $this, 'forget' ) );
		add_action( 'init', array( $this, 'hint_members' ) );
	}

	/**
	 * Answers with a token of five minutes, or with none for visitors.
	 */
	public function answer(): void {
		nocache_headers();
		if ( ! self::is_same_origin() ) {
			wp_send_json(
				array(
					'code'    => 'forbidden',
					'message' => __( 'Only this site\'s own pages may ask.', 'tillside' ),
					'field'   => '',
				),
				403
			);
		}
		$user = get_current_user_id();
		wp_send_json(
			array(
				'token'   => $user > 0 ? $this->token->session( $user, 'member' ) : '',
				'expires' => self::LIFE,
				'user'    => $user,
			)
		);
	}

	/**
	 * Reports whether the request comes from a page of this site. Core's cookies have no SameSite attribute, so that
	 * browsers may send them along from anywhere.
	 *
	 * @return bool Whether it does; also when the client says nothing, as old browsers do.
	 */
	public static function is_same_origin(): bool {
		$fetch = isset( $_SERVER['HTTP_SEC_FETCH_SITE'] ) ? sanitize_key( wp_unslash( $_SERVER['HTTP_SEC_FETCH_SITE'] ) ) : '';
		if ( '' !== $fetch ) {
			return 'same-origin' === $fetch;
		}
		$origin = get_http_origin();
		return '' === $origin || '' !== is_allowed_http_origin( $origin );
	}

	/**
	 * Sets the hint with the login cookie, for as long.
	 *
	 * @param string $cookie Login cookie.
	 * @param int    $expire When it ends, 0 with the browser's session.
	 */
	public function hint( $cookie, $expire ): void {
		unset( $cookie );
		$this->set_cookie( '1', (int) $expire );
	}

	/**
	 * Removes the hint when the login cookie goes.
	 */
	public function forget(): void {
		$this->set_cookie( ' ', time() - YEAR_IN_SECONDS );
	}

	/**
	 * Sets the hint for those who were logged in before the plugin was there.
	 */
	public function hint_members(): void {
		if ( ! isset( $_COOKIE[ self::HINT ] ) && ! wp_doing_ajax() && ! wp_doing_cron() && is_user_logged_in() ) {
			$this->set_cookie( '1', 0 );
		}
	}

	/** Sets the cookie if that is still possible. */
	private function set_cookie( string $value, int $expire ): void {
		if ( headers_sent() || ! defined( 'COOKIEPATH' ) ) {
			return;
		}
		setcookie(
			self::HINT,
			$value,
			array(
				'expires'  => $expire,
				'path'     => COOKIEPATH ? COOKIEPATH : '/',
				'domain'   => (string) COOKIE_DOMAIN,
				'secure'   => is_ssl(),
				'httponly' => false,
				'samesite' => 'Lax',
			)
		);
	}
}
