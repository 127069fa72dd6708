<?php
/**
 * Which pages show which offer.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Remembers where an offer was shown, so that page caches can be told when it changes and links lead there. One small
 * autoloaded option: reading it costs a page nothing, and it is written only when a page shows an offer for the first
 * time since it was published or changed.
 */
final class Pages {

	public const OPTION = 'tillside_pages';

	private const MAX_OFFERS = 200;
	private const MAX_PAGES  = 100;

	/**
	 * Tells Tillside.
	 *
	 * @var Outbox
	 */
	private Outbox $outbox;

	/**
	 * Creates the list.
	 *
	 * @param Outbox $outbox Tells Tillside.
	 */
	public function __construct( Outbox $outbox ) {
		$this->outbox = $outbox;
	}

	/**
	 * Adds the hooks.
	 */
	public function register(): void {
		add_action( 'save_post', array( $this, 'forget' ) );
		add_action( 'deleted_post', array( $this, 'forget' ) );
		foreach ( array( 'permalink_structure_changed', 'update_option_show_on_front', 'update_option_page_on_front' ) as $hook ) {
			add_action( $hook, array( $this, 'forget_all' ), 10, 0 );
		}
	}

	/**
	 * Forgets what a page and those below it showed, when it was changed, taken down or deleted: the next visit tells.
	 *
	 * @param int $page Post id.
	 */
	public function forget( $page ): void {
		$page = (int) $page;
		$this->drop( static fn( int $id ) => $id === $page || in_array( $page, get_post_ancestors( $id ), true ) );
	}

	/**
	 * Forgets all pages, when their addresses have changed.
	 */
	public function forget_all(): void {
		$this->drop( '__return_true' );
	}

	/** Forgets the pages for which a function returns true. */
	private function drop( callable $is_gone ): void {
		$known = $this->known();
		$gone  = array_filter( $this->showing( array_keys( $known ) ), $is_gone );
		if ( ! $gone ) {
			return;
		}
		update_option( self::OPTION, array_filter( array_map( static fn( array $pages ) => array_values( array_diff( $pages, $gone ) ), $known ) ), true );
		foreach ( $gone as $page ) {
			$this->outbox->page_gone( $page );
		}
	}

	/**
	 * Notes that a page shows an offer. What editors, previews, feeds and REST render is no visit of the page.
	 *
	 * @param int    $page  Post id.
	 * @param string $offer Slug.
	 */
	public function remember( int $page, string $offer ): void {
		if ( is_preview() || is_customize_preview() || is_feed() || is_admin() || wp_is_serving_rest_request() ) {
			return;
		}
		$known = $this->known();
		$pages = $known[ $offer ] ?? array();
		if ( $page <= 0 || in_array( $page, $pages, true ) || ( ! $pages && count( $known ) >= self::MAX_OFFERS ) || count( $pages ) >= self::MAX_PAGES ) {
			return;
		}
		$known[ $offer ] = array_merge( $pages, array( $page ) );
		update_option( self::OPTION, $known, true );
		$post = get_post( $page );
		if ( $post && 'publish' === $post->post_status && '' === $post->post_password ) {
			$this->outbox->page_shown( $page, (string) get_permalink( $post ), $offer );
		}
	}

	/**
	 * Returns the pages that show one of the offers.
	 *
	 * @param string[] $offers Slugs.
	 * @return int[] Post ids.
	 */
	public function showing( array $offers ): array {
		$found = array();
		foreach ( array_intersect_key( $this->known(), array_flip( $offers ) ) as $pages ) {
			$found = array_merge( $found, $pages );
		}
		return array_values( array_unique( array_map( 'intval', $found ) ) );
	}

	/** The option, as it should be. */
	private function known(): array {
		$known = get_option( self::OPTION );
		return is_array( $known ) ? array_filter( $known, 'is_array' ) : array();
	}
}
