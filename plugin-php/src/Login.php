<?php
/**
 * Logs a new buyer in, once.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use WP_User;

defined( 'ABSPATH' ) || exit;

/**
 * One-time logins: a random token given out together with a new account's password, spent by a POST to
 * admin-post.php?action=tillside_login from the thank-you page.
 */
final class Login {

	public const ACTION = 'tillside_login';
	public const META   = 'tillside_login';

	private const LIFE = 3600;

	/**
	 * Which accounts are too powerful.
	 *
	 * @var Roles
	 */
	private Roles $roles;

	/**
	 * Creates the handler.
	 *
	 * @param Roles $roles Which accounts are too powerful.
	 */
	public function __construct( Roles $roles ) {
		$this->roles = $roles;
	}

	/**
	 * Adds the hooks.
	 */
	public function register(): void {
		add_action( 'admin_post_' . self::ACTION, array( $this, 'handle' ) );
		add_action( 'admin_post_nopriv_' . self::ACTION, array( $this, 'handle' ) );
		add_filter( 'login_message', array( $this, 'explain' ) );
	}

	/**
	 * Makes a token. The one before it is void.
	 *
	 * @param int    $user_id User.
	 * @param string $start   Where the login leads.
	 * @return array{url:string,fields:array<string,string>} What the browser posts where.
	 */
	public function offer( int $user_id, string $start ): array {
		$secret = bin2hex( random_bytes( 16 ) );
		update_user_meta(
			$user_id,
			self::META,
			array(
				'hash'  => hash( 'sha256', $secret ),
				'until' => time() + self::LIFE,
				'start' => esc_url_raw( $start ),
			)
		);
		return array(
			'url'    => admin_url( 'admin-post.php' ),
			'fields' => array(
				'action' => self::ACTION,
				'token'  => $user_id . '.' . $secret,
			),
		);
	}

	/**
	 * Spends a token.
	 *
	 * @param string $token Token.
	 * @return array{user:WP_User,start:string}|null Who may come in and where to, or null.
	 */
	public function spend( string $token ): ?array {
		global $wpdb;
		if ( ! preg_match( '/^([1-9][0-9]{0,18})\.([0-9a-f]{32})\z/', $token, $parts ) ) {
			return null;
		}
		$id   = (int) $parts[1];
		$meta = get_user_meta( $id, self::META, true );
		if ( ! is_array( $meta ) || ! hash_equals( (string) ( $meta['hash'] ?? '' ), hash( 'sha256', $parts[2] ) ) ) {
			return null;
		}
		// The deleted row decides between two at once; delete_user_meta() would tell both that it went well.
		$rows = $wpdb->query( // phpcs:ignore WordPress.DB.DirectDatabaseQuery
			$wpdb->prepare( 'DELETE FROM %i WHERE user_id = %d AND meta_key = %s AND meta_value = %s', $wpdb->usermeta, $id, self::META, maybe_serialize( $meta ) )
		);
		wp_cache_delete( $id, 'user_meta' );
		$user = get_userdata( $id );
		if ( 1 !== $rows || time() > (int) ( $meta['until'] ?? 0 ) || ! $user || $this->roles->is_powerful( $user ) ) {
			return null;
		}
		return array(
			'user'  => $user,
			'start' => (string) ( $meta['start'] ?? '' ),
		);
	}

	/**
	 * Handles the POST. The token is what proves the right; it comes from the same page as the request.
	 */
	public function handle(): void {
		nocache_headers();
		$method = isset( $_SERVER['REQUEST_METHOD'] ) ? sanitize_key( wp_unslash( $_SERVER['REQUEST_METHOD'] ) ) : '';
		// phpcs:ignore WordPress.Security.NonceVerification -- A visitor's nonce proves nothing; the token does.
		$token = isset( $_POST['token'] ) && is_string( $_POST['token'] ) ? sanitize_text_field( wp_unslash( $_POST['token'] ) ) : '';
		if ( 'post' !== $method || ! Session::is_same_origin() ) {
			wp_die( esc_html__( 'This address only takes the button on the thank-you page.', 'tillside' ), '', array( 'response' => 403 ) );
		}
		$login = $this->spend( $token );
		if ( null === $login ) {
			$this->leave( add_query_arg( 'tillside', 'used', wp_login_url() ) );
			return;
		}
		$user = $login['user'];
		wp_set_current_user( $user->ID );
		wp_set_auth_cookie( $user->ID );
		/** This action is documented in wp-includes/user.php */
		do_action( 'wp_login', $user->user_login, $user ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals -- Core's own.
		$this->leave( wp_validate_redirect( $login['start'], home_url( '/' ) ) );
	}

	/**
	 * Says on the login page why one is there.
	 *
	 * @param string $message What stands above the form.
	 * @return string The same, perhaps with more.
	 */
	public function explain( $message ): string {
		// phpcs:ignore WordPress.Security.NonceVerification -- Only chooses a text.
		if ( isset( $_GET['tillside'] ) && 'used' === $_GET['tillside'] ) {
			$message .= '<p class="message">' . esc_html__( 'That button works once and for an hour. Please log in with your user name and password; you can also ask for a new password below.', 'tillside' ) . '</p>';
		}
		return (string) $message;
	}

	/** Redirects and ends, unless a test or another plugin stops the redirect. */
	private function leave( string $url ): void {
		if ( wp_safe_redirect( $url, 303, 'Tillside' ) ) {
			exit;
		}
	}
}
