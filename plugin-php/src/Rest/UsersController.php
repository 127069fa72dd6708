<?php
/**
 * Users that purchases make.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Rest;

use Tillside\Roles;
use WP_Error;
use WP_REST_Request;
use WP_REST_Response;
use WP_User;

defined( 'ABSPATH' ) || exit;

/**
 * Serves tillside/v1/users, users/created and users/{id}/roles.
 */
final class UsersController {

	private const KEY        = 'tillside_key';
	private const REGISTERED = 'tillside_registered';

	/**
	 * Lets only Tillside in.
	 *
	 * @var Guard
	 */
	private Guard $guard;

	/**
	 * Which roles a purchase may grant.
	 *
	 * @var Roles
	 */
	private Roles $roles;

	/**
	 * Creates the controller.
	 *
	 * @param Guard $guard Lets only Tillside in.
	 * @param Roles $roles Which roles a purchase may grant.
	 */
	public function __construct( Guard $guard, Roles $roles ) {
		$this->guard = $guard;
		$this->roles = $roles;
	}

	/**
	 * Registers the routes.
	 */
	public function register_routes(): void {
		$roles = array(
			'type'     => 'array',
			'maxItems' => 20,
			'items'    => array(
				'type'    => 'string',
				'pattern' => '^[a-z0-9_-]{1,64}$',
			),
			'default'  => array(),
		);
		$text  = array(
			'type'      => 'string',
			'maxLength' => 100,
		);
		$must  = array(
			'required'  => true,
			'minLength' => 1,
		);
		$this->guard->route(
			'/users',
			'users',
			array( $this, 'create' ),
			array(
				'key'        => $text + $must,
				'email'      => $text + $must,
				'login'      => $text + $must,
				'first_name' => $text + array( 'default' => '' ),
				'last_name'  => $text + array( 'default' => '' ),
				'roles'      => $roles,
			)
		);
		$this->guard->route( '/users/created', 'users', array( $this, 'created' ), array( 'user_id' => self::id() ) );
		$this->guard->route(
			'/users/(?P<id>[1-9][0-9]{0,18})/roles',
			'users',
			array( $this, 'set_roles' ),
			array(
				'id'     => self::id(),
				'add'    => $roles,
				'remove' => $roles,
			)
		);
	}

	/**
	 * Creates a user, where Tillside must not do it by SQL. Asked again with the same key it says the same again.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response|WP_Error User, or why there is none.
	 */
	public function create( WP_REST_Request $request ) {
		$refused = $this->refuse( $request['roles'] );
		if ( $refused ) {
			return $refused;
		}
		$email = $request['email'];
		// wp_insert_user() drops letters that an address must not have, and then the account is someone else's.
		if ( ! is_email( $email ) || sanitize_email( $email ) !== $email ) {
			return self::invalid( 'email', __( 'This is not an e-mail address.', 'tillside' ) );
		}
		$user = $this->find( $email );
		if ( $user ) {
			return self::describe( $user, get_user_meta( $user->ID, self::KEY, true ) === $request['key'] );
		}
		$roles = $request['roles'];
		$id    = wp_insert_user(
			wp_slash(
				array(
					'user_login' => $this->free_login( $request['login'], $email ),
					'user_email' => $email,
					'user_pass'  => wp_generate_password( 32, true, true ),
					'first_name' => $request['first_name'],
					'last_name'  => $request['last_name'],
					'role'       => $roles ? $roles[0] : get_option( 'default_role' ),
					'meta_input' => array(
						self::KEY        => $request['key'],
						self::REGISTERED => (string) time(),
					),
				)
			)
		);
		if ( is_wp_error( $id ) || ! $id ) {
			$why = is_wp_error( $id ) ? $id->get_error_message() : __( 'WordPress could not store the user.', 'tillside' );
			return self::invalid( 'login', wp_strip_all_tags( $why ) );
		}
		$user = new WP_User( $id );
		foreach ( array_slice( $roles, 1 ) as $role ) {
			$user->add_role( $role );
		}
		return self::describe( new WP_User( $id ), true );
	}

	/**
	 * Makes WordPress and its plugins notice a user written by SQL: user_register is fired once, however often Tillside asks.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response|WP_Error What was done.
	 */
	public function created( WP_REST_Request $request ) {
		global $wpdb;
		$id = (int) $request['user_id'];
		clean_user_cache( $id );
		$user = get_userdata( $id );
		if ( ! $user ) {
			return self::not_found();
		}
		$fired = (bool) add_user_meta( $id, self::REGISTERED, (string) time(), true );
		if ( $fired ) {
			$data = array(
				'ID'           => $id,
				'user_login'   => $user->user_login,
				'user_email'   => $user->user_email,
				'user_pass'    => '',
				'display_name' => $user->display_name,
				'first_name'   => $user->first_name,
				'last_name'    => $user->last_name,
				'role'         => $user->roles ? reset( $user->roles ) : '',
			);
			/** This action is documented in wp-includes/user.php */
			do_action( 'user_register', $id, $data ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals -- Core's own.
		}
		$others = $wpdb->get_results( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- Must not come from a cache.
			$wpdb->prepare( 'SELECT ID, user_email FROM %i WHERE user_email = %s AND ID <> %d ORDER BY ID LIMIT 20', $wpdb->users, $user->user_email, $id )
		);
		$same   = array();
		foreach ( (array) $others as $other ) {
			if ( strtolower( $other->user_email ) === strtolower( $user->user_email ) ) {
				$same[] = (int) $other->ID;
			}
		}
		return new WP_REST_Response(
			array(
				'fired'      => $fired,
				'duplicates' => $same,
			)
		);
	}

	/**
	 * Adds and removes roles.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response|WP_Error The roles then.
	 */
	public function set_roles( WP_REST_Request $request ) {
		$refused = $this->refuse( array_merge( $request['add'], $request['remove'] ) );
		if ( $refused ) {
			return $refused;
		}
		$id = (int) $request['id'];
		clean_user_cache( $id );
		$user = get_userdata( $id );
		if ( ! $user ) {
			return self::not_found();
		}
		$add = array_values( $request['add'] );
		if ( $add && is_multisite() && ! is_user_member_of_blog( $id ) ) {
			add_user_to_blog( get_current_blog_id(), $id, array_shift( $add ) );
			$user = new WP_User( $id );
		}
		foreach ( array_diff( $add, $user->roles ) as $role ) {
			$user->add_role( $role );
		}
		foreach ( array_intersect( $request['remove'], $user->roles ) as $role ) {
			$user->remove_role( $role );
		}
		return new WP_REST_Response( array( 'roles' => array_values( ( new WP_User( $id ) )->roles ) ) );
	}

	/**
	 * What Tillside compares to see whether a password was changed since.
	 *
	 * @param int $user_id User.
	 * @return string SHA-256 of the column in hexadecimal, "" when there is no such user. Never from a cache.
	 */
	public static function fingerprint( int $user_id ): string {
		global $wpdb;
		$hash = $wpdb->get_var( $wpdb->prepare( 'SELECT user_pass FROM %i WHERE ID = %d', $wpdb->users, $user_id ) ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
		return is_string( $hash ) ? hash( 'sha256', $hash ) : '';
	}

	/**
	 * The answer for a user that does not exist.
	 *
	 * @return WP_Error Error.
	 */
	public static function not_found(): WP_Error {
		return new WP_Error( 'tillside_not_found', __( 'There is no such user.', 'tillside' ), array( 'status' => 404 ) );
	}

	/**
	 * The answer for a field that is wrong.
	 *
	 * @param string $field   Field.
	 * @param string $message What is wrong.
	 * @return WP_Error Error.
	 */
	public static function invalid( string $field, string $message ): WP_Error {
		return new WP_Error(
			'tillside_invalid',
			$message,
			array(
				'status' => 400,
				'field'  => $field,
			)
		);
	}

	/**
	 * Argument for a user's id.
	 *
	 * @return array<string, mixed> Schema.
	 */
	public static function id(): array {
		return array(
			'type'     => 'integer',
			'minimum'  => 1,
			'required' => true,
		);
	}

	/** The account with an address, compared byte by byte: the database takes é for e. */
	private function find( string $email ): ?WP_User {
		$user = get_user_by( 'email', $email );
		return $user && strtolower( $user->user_email ) === strtolower( $email ) ? $user : null;
	}

	/** A user name that WordPress takes and nobody has, not even as an e-mail address. */
	private function free_login( string $wish, string $email ): string {
		$wish = substr( sanitize_user( $wish, true ), 0, 50 );
		if ( '' === $wish ) {
			$wish = 'member';
		}
		$login = $wish;
		for ( $n = 2; username_exists( $login ) || ( strtolower( $login ) !== strtolower( $email ) && email_exists( $login ) ); $n++ ) {
			$login = $wish . '-' . ( $n < 50 ? $n : bin2hex( random_bytes( 4 ) ) );
		}
		return $login;
	}

	/** Says why roles must not be touched, or null. */
	private function refuse( array $roles ): ?WP_Error {
		foreach ( $roles as $role ) {
			if ( ! $this->roles->exists( $role ) ) {
				/* translators: %s: name of a role. */
				return self::invalid( 'roles', sprintf( __( 'There is no role “%s”.', 'tillside' ), $role ) );
			}
			if ( $this->roles->is_forbidden( $role ) ) {
				/* translators: %s: name of a role. */
				$text = sprintf( __( 'A purchase must not change the role “%s”: it may edit users, settings or what others wrote.', 'tillside' ), $role );
				return new WP_Error( 'tillside_forbidden', $text, array( 'status' => 403 ) );
			}
		}
		return null;
	}

	/** The answer about a user. */
	private static function describe( WP_User $user, bool $created ): WP_REST_Response {
		return new WP_REST_Response(
			array(
				'user_id'          => $user->ID,
				'created'          => $created,
				'login'            => $user->user_login,
				'pass_fingerprint' => self::fingerprint( $user->ID ),
			)
		);
	}
}
