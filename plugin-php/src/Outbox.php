<?php
/**
 * Tells Tillside what happens to users and pages.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Writes events into a table of the same database, which Tillside reads: no waiting and nothing lost when it is away.
 */
final class Outbox {

	/**
	 * Tables.
	 *
	 * @var Site
	 */
	private Site $site;

	/**
	 * Creates the outbox.
	 *
	 * @param Site $site Tables.
	 */
	public function __construct( Site $site ) {
		$this->site = $site;
	}

	/**
	 * Adds the hooks.
	 */
	public function register(): void {
		add_action( 'profile_update', array( $this, 'user_updated' ) );
		add_action( 'deleted_user', array( $this, 'user_deleted' ) );
		add_action( 'wp_login', array( $this, 'user_login' ), 10, 2 );
		foreach ( array( 'set_user_role', 'add_user_role', 'remove_user_role' ) as $hook ) {
			add_action( $hook, array( $this, 'user_roles' ) );
		}
	}

	/**
	 * Notes a changed profile.
	 *
	 * @param int $user_id User.
	 */
	public function user_updated( $user_id ): void {
		$this->add( 'user.updated', array( 'user_id' => (int) $user_id ) );
	}

	/**
	 * Notes a deleted user.
	 *
	 * @param int $user_id User.
	 */
	public function user_deleted( $user_id ): void {
		$this->add( 'user.deleted', array( 'user_id' => (int) $user_id ) );
	}

	/**
	 * Notes a login.
	 *
	 * @param string   $login User name.
	 * @param \WP_User $user  User.
	 */
	public function user_login( $login, $user ): void {
		$this->add( 'user.login', array( 'user_id' => (int) $user->ID ) );
	}

	/**
	 * Notes changed roles.
	 *
	 * @param int $user_id User.
	 */
	public function user_roles( $user_id ): void {
		$this->add( 'user.roles', array( 'user_id' => (int) $user_id ) );
	}

	/**
	 * Notes that a public page shows an offer.
	 *
	 * @param int    $page  Post id.
	 * @param string $url   Permalink.
	 * @param string $offer Slug.
	 */
	public function page_shown( int $page, string $url, string $offer ): void {
		$this->add(
			'page.shown',
			array(
				'post_id' => $page,
				'url'     => $url,
				'offer'   => $offer,
			)
		);
	}

	/**
	 * Notes that a page has changed or gone: what it shows is not known any more.
	 *
	 * @param int $page Post id.
	 */
	public function page_gone( int $page ): void {
		$this->add( 'page.gone', array( 'post_id' => $page ) );
	}

	/** Inserts a row. Tillside's migrations make the table: before them there is nobody to tell. */
	private function add( string $type, array $event ): void {
		global $wpdb;
		$payload = (string) wp_json_encode( $event );
		$this->site->quietly( $wpdb->prepare( 'INSERT INTO %i (type, payload) VALUES (%s, %s)', $this->site->table( 'wp_events' ), $type, $payload ) );
	}
}
