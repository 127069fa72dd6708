<?php
/**
 * The new buyer's way in.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Rest;

use Tillside\Login;
use Tillside\Roles;
use WP_Error;
use WP_REST_Request;
use WP_REST_Response;
use WP_User;

defined( 'ABSPATH' ) || exit;

/**
 * Serves tillside/v1/users/{id}/credentials: sets a password for an account that a purchase made and that nobody has
 * touched since. The password stands in this one answer and nowhere else.
 */
final class CredentialsController {

	private const MIN_LENGTH = 12;
	private const MAX_LENGTH = 4096; // WordPress hashes nothing longer.
	private const GENERATED  = 16;

	/**
	 * Lets only Tillside in.
	 *
	 * @var Guard
	 */
	private Guard $guard;

	/**
	 * Makes one-time logins.
	 *
	 * @var Login
	 */
	private Login $login;

	/**
	 * Which accounts are too powerful.
	 *
	 * @var Roles
	 */
	private Roles $roles;

	/**
	 * Creates the controller.
	 *
	 * @param Guard $guard Lets only Tillside in.
	 * @param Login $login Makes one-time logins.
	 * @param Roles $roles Which accounts are too powerful.
	 */
	public function __construct( Guard $guard, Login $login, Roles $roles ) {
		$this->guard = $guard;
		$this->login = $login;
		$this->roles = $roles;
	}

	/**
	 * Registers the route.
	 */
	public function register_routes(): void {
		$this->guard->route(
			'/users/(?P<id>[1-9][0-9]{0,18})/credentials',
			'users',
			array( $this, 'issue' ),
			array(
				'id'               => UsersController::id(),
				'pass_fingerprint' => array(
					'type'     => 'string',
					'pattern'  => '^[0-9a-f]{64}$',
					'required' => true,
				),
				'password'         => array(
					'type'    => array( 'string', 'null' ),
					'default' => null,
				),
				'start_url'        => array(
					'type'      => 'string',
					'maxLength' => 2000,
					'default'   => '',
				),
				'order'            => array(
					'type'      => 'string',
					'maxLength' => 64,
					'default'   => '',
				),
			)
		);
	}

	/**
	 * Sets and returns a password.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response|WP_Error Credentials, or why there are none.
	 */
	public function issue( WP_REST_Request $request ) {
		$id = (int) $request['id'];
		clean_user_cache( $id );
		$user = get_userdata( $id );
		if ( ! $user ) {
			return UsersController::not_found();
		}
		if ( $this->roles->is_powerful( $user ) ) {
			return new WP_Error( 'tillside_forbidden', __( 'The password of this account is not for Tillside to set.', 'tillside' ), array( 'status' => 403 ) );
		}
		$password = $request['password'];
		if ( null === $password ) {
			$password = wp_generate_password( self::GENERATED, false );
		} else {
			$password = trim( (string) $password, " \t\n\r\0\x0B" ); // As WordPress does before it hashes.
			$problem  = self::problem( $password );
			if ( '' !== $problem ) {
				return UsersController::invalid( 'password', $problem );
			}
		}
		if ( ! $this->set( $user, $password, $request['pass_fingerprint'] ) ) {
			return new WP_Error( 'tillside_conflict', __( 'The password of this account was changed meanwhile.', 'tillside' ), array( 'status' => 409 ) );
		}
		$response = new WP_REST_Response(
			array(
				'user_login'       => $user->user_login,
				'password'         => $password,
				'pass_fingerprint' => UsersController::fingerprint( $id ),
				'login'            => $this->login->offer( $id, $request['start_url'] ),
			)
		);
		$response->header( 'Cache-Control', 'no-store' );
		return $response;
	}

	/**
	 * Sets the password if the stored hash is still the one that Tillside knows, in one statement.
	 *
	 * The link in the welcome mail stays good: unlike wp_set_password() this keeps the activation key.
	 *
	 * @param WP_User $user        User.
	 * @param string  $password    Password.
	 * @param string  $fingerprint What Tillside knows.
	 * @return bool Whether it was still that one.
	 */
	private function set( WP_User $user, string $password, string $fingerprint ): bool {
		global $wpdb;
		// wp-login.php compares what it got from $_POST, which WordPress has slashed.
		$hash = wp_hash_password( wp_slash( $password ) );
		$rows = $wpdb->query( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- wp_set_password() would overwrite a newer one.
			$wpdb->prepare( 'UPDATE %i SET user_pass = %s WHERE ID = %d AND SHA2(user_pass, 256) = %s', $wpdb->users, $hash, $user->ID, $fingerprint )
		);
		clean_user_cache( $user->ID );
		if ( 1 !== $rows ) {
			return false;
		}
		/** This action is documented in wp-includes/pluggable.php */
		do_action( 'wp_set_password', $password, $user->ID, $user ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals -- Core's own.
		return true;
	}

	/** Says what is wrong with a password that a buyer chose, "" when nothing is. */
	private static function problem( string $password ): string {
		if ( mb_strlen( $password ) < self::MIN_LENGTH ) {
			/* translators: %d: number of characters. */
			return sprintf( __( 'Please choose a password with at least %d characters.', 'tillside' ), self::MIN_LENGTH );
		}
		if ( strlen( wp_slash( $password ) ) > self::MAX_LENGTH ) {
			return __( 'This password is too long.', 'tillside' );
		}
		if ( false !== strpos( $password, '\\' ) || preg_match( '/[\x00-\x1F\x7F]/', $password ) ) {
			return __( 'A password must not contain a backslash or a line break.', 'tillside' );
		}
		return '';
	}
}
