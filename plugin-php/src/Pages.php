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
 * Remembers where an offer was shown, so that page caches can be told when it changes. One small autoloaded option:
 * reading it costs a page nothing, and it is written only when a page shows an offer for the first time.
 */
final class Pages {

	public const OPTION = 'tillside_pages';

	private const MAX_OFFERS = 200;
	private const MAX_PAGES  = 100;

	/**
	 * Notes that a page shows an offer.
	 *
	 * @param int    $page  Post id.
	 * @param string $offer Slug.
	 */
	public function remember( int $page, string $offer ): void {
		$known = $this->known();
		$pages = $known[ $offer ] ?? array();
		if ( $page <= 0 || in_array( $page, $pages, true ) || ( ! $pages && count( $known ) >= self::MAX_OFFERS ) || count( $pages ) >= self::MAX_PAGES ) {
			return;
		}
		$known[ $offer ] = array_merge( $pages, array( $page ) );
		update_option( self::OPTION, $known, true );
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
