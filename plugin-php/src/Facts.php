<?php
/**
 * Facts about the site.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use Closure;
use ReflectionException;
use ReflectionFunction;
use ReflectionMethod;

defined( 'ABSPATH' ) || exit;

/**
 * What Tillside cannot know from the database alone.
 */
final class Facts {

	/** Filters that a user written by SQL would not pass. */
	private const USER_FILTERS = array(
		'illegal_user_logins',
		'wp_pre_insert_user_data',
		'insert_user_meta',
		'insert_custom_user_meta',
		'sanitize_user',
		'validate_username',
		'username_exists',
		'email_exists',
	);

	/**
	 * Addresses.
	 *
	 * @var Site
	 */
	private Site $site;

	/**
	 * Which roles are forbidden.
	 *
	 * @var Roles
	 */
	private Roles $roles;

	/**
	 * The browser's way.
	 *
	 * @var Way
	 */
	private Way $way;

	/**
	 * Creates it.
	 *
	 * @param Site  $site  Addresses.
	 * @param Roles $roles Which roles are forbidden.
	 * @param Way   $way   The browser's way.
	 */
	public function __construct( Site $site, Roles $roles, Way $way ) {
		$this->site  = $site;
		$this->roles = $roles;
		$this->way   = $way;
	}

	/**
	 * Gathers the facts.
	 *
	 * @return array<string, mixed> Facts.
	 */
	public function all(): array {
		global $wpdb;
		return array(
			'home'             => $this->site->home(),
			'siteurl'          => rtrim( (string) get_option( 'siteurl' ), '/' ),
			'wp_version'       => (string) get_bloginfo( 'version' ),
			'php_version'      => PHP_VERSION,
			'plugin_version'   => TILLSIDE_PLUGIN_VERSION,
			'multisite'        => is_multisite(),
			'blog_id'          => get_current_blog_id(),
			'prefix'           => $wpdb->prefix,
			'base_prefix'      => $wpdb->base_prefix,
			'users_table'      => $wpdb->users,
			'usermeta_table'   => $wpdb->usermeta,
			'users_engine_ok'  => $this->users_engine_ok(),
			'locale'           => get_locale(),
			'timezone'         => wp_timezone_string(),
			'admin_email'      => (string) get_option( 'admin_email' ),
			'site_name'        => wp_specialchars_decode( (string) get_option( 'blogname' ), ENT_QUOTES ),
			'login_url'        => wp_login_url(),
			'lostpassword_url' => wp_lostpassword_url(),
			'object_cache'     => (bool) wp_using_ext_object_cache(),
			'foreign_filters'  => $this->foreign_filters(),
			'mode'             => $this->way->mode(),
			'roles_forbidden'  => $this->roles->forbidden(),
			'time'             => time(),
		);
	}

	/**
	 * Callbacks of other plugins that see or change a user before it is stored.
	 *
	 * @return string[] Each "filter: callback".
	 */
	public function foreign_filters(): array {
		$found = array();
		foreach ( array_keys( $GLOBALS['wp_filter'] ) as $filter ) {
			$filter = (string) $filter;
			if ( ! in_array( $filter, self::USER_FILTERS, true ) && ( 0 !== strpos( $filter, 'pre_user_' ) || 'pre_user_query' === $filter ) ) {
				continue;
			}
			foreach ( $GLOBALS['wp_filter'][ $filter ]->callbacks as $callbacks ) {
				foreach ( $callbacks as $callback ) {
					$name = self::foreign_name( $callback['function'] );
					if ( '' !== $name ) {
						$found[] = $filter . ': ' . $name;
					}
				}
			}
		}
		return array_values( array_unique( $found ) );
	}

	/** Whether users and usermeta are InnoDB with utf8mb4, so that Tillside may write them in a transaction. */
	private function users_engine_ok(): bool {
		global $wpdb;
		$rows = $wpdb->get_results( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- Asked once an hour.
			$wpdb->prepare(
				'SELECT ENGINE AS engine, TABLE_COLLATION AS collation FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (%s, %s)',
				$wpdb->users,
				$wpdb->usermeta
			)
		);
		foreach ( (array) $rows as $row ) {
			if ( 'innodb' !== strtolower( (string) $row->engine ) || 0 !== strpos( (string) $row->collation, 'utf8mb4_' ) ) {
				return false;
			}
		}
		return 2 === count( (array) $rows );
	}

	/**
	 * Names a callback that is not WordPress's own.
	 *
	 * @param mixed $callback Callback.
	 * @return string Name; "" for core's.
	 */
	private static function foreign_name( $callback ): string {
		if ( is_string( $callback ) && false !== strpos( $callback, '::' ) ) {
			$callback = explode( '::', $callback, 2 );
		}
		try {
			if ( is_array( $callback ) ) {
				$name       = ( is_object( $callback[0] ) ? get_class( $callback[0] ) : $callback[0] ) . '::' . $callback[1];
				$reflection = new ReflectionMethod( $callback[0], $callback[1] );
			} elseif ( is_object( $callback ) && ! $callback instanceof Closure ) {
				$name       = get_class( $callback );
				$reflection = new ReflectionMethod( $callback, '__invoke' );
			} else {
				$name       = is_string( $callback ) ? $callback : 'closure';
				$reflection = new ReflectionFunction( $callback );
			}
		} catch ( ReflectionException $e ) {
			return $name ?? 'unknown';
		}
		$file = (string) $reflection->getFileName();
		// PHP's own functions have no file; core puts trim() and strip_tags() there.
		if ( '' === $file && in_array( $name, array( 'trim', 'strip_tags' ), true ) ) {
			return '';
		}
		$file = wp_normalize_path( $file );
		foreach ( array( ABSPATH . WPINC, ABSPATH . 'wp-admin' ) as $core ) {
			foreach ( array( $core, (string) realpath( $core ) ) as $folder ) {
				if ( '' !== $folder && 0 === strpos( $file, trailingslashit( wp_normalize_path( $folder ) ) ) ) {
					return '';
				}
			}
		}
		return 'closure' === $name ? 'closure in ' . basename( dirname( $file ) ) . '/' . basename( $file ) : $name;
	}
}
