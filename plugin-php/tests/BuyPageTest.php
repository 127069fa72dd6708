<?php
/**
 * The page of an offer.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

use Tillside\Pages;

/**
 * Tests BuyPage, and what Tillside is told of pages.
 */
final class BuyPageTest extends TestCase {

	protected function setUp(): void {
		parent::setUp();
		$this->tillside = static function ( string $url ) {
			parse_str( (string) wp_parse_url( $url, PHP_URL_QUERY ), $query );
			if ( 'course' !== ( $query['offer'] ?? '' ) ) {
				return self::answer(
					array(
						'code'    => 'not_found',
						'message' => 'There is no such offer.',
						'field'   => '',
					),
					404
				);
			}
			return self::answer(
				array(
					'html'     => '<form>the form</form>',
					'revision' => '5',
					'offer'    => array(
						'id'   => 7,
						'slug' => 'course',
						'name' => 'The <b>course</b>',
					),
				)
			);
		};
	}

	/** Asks for an address as a visitor does, up to the main query. */
	private static function visit( array $query ): void {
		$GLOBALS['wp_the_query'] = new \WP_Query(); // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- As wp-settings.php does for each request.
		$GLOBALS['wp_query']     = $GLOBALS['wp_the_query']; // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- The same.
		$GLOBALS['wp_query']->query( apply_filters( 'request', $query ) );
	}

	/** Runs the loop and returns the title and the content that a theme prints. */
	private static function page(): array {
		$shown = array();
		while ( have_posts() ) {
			the_post();
			$shown = array( get_the_title(), (string) apply_filters( 'the_content', get_the_content() ) );
		}
		return $shown;
	}

	public function test_an_offer_has_a_page_in_the_theme(): void {
		self::visit( array( 'tillside_buy' => 'course' ) );
		self::assertTrue( is_page() );
		self::assertTrue( is_singular() );
		self::assertFalse( is_404() );
		list( $title, $content ) = self::page();
		self::assertSame( 'The <b>course</b>', $title );
		self::assertStringContainsString( '<form>the form</form>', $content );
		self::assertStringContainsString( 'data-token=', $content );
	}

	public function test_an_offer_that_does_not_exist_is_not_found(): void {
		foreach ( array( 'nosuch', '../x', '<script>' ) as $offer ) {
			self::visit( array( 'tillside_buy' => $offer ) );
			self::assertTrue( is_404(), $offer );
			self::assertSame( array(), self::page() );
		}
	}

	public function test_a_page_of_the_site_goes_first(): void {
		$parent = (int) wp_insert_post(
			array(
				'post_type'   => 'page',
				'post_status' => 'publish',
				'post_title'  => 'Buy',
				'post_name'   => 'buy',
			)
		);
		wp_insert_post(
			array(
				'post_type'    => 'page',
				'post_status'  => 'publish',
				'post_title'   => 'Ours',
				'post_name'    => 'course',
				'post_parent'  => $parent,
				'post_content' => 'our own',
			)
		);
		self::assertSame( array( 'pagename' => 'buy/course' ), apply_filters( 'request', array( 'tillside_buy' => 'course' ) ) );
		wp_delete_post( $parent, true );
	}

	public function test_the_rule_leads_there(): void {
		update_option( 'permalink_structure', '/%postname%/' );
		$GLOBALS['wp_rewrite']->init();
		flush_rewrite_rules( false );
		$rules = $GLOBALS['wp_rewrite']->wp_rewrite_rules();
		$first = null;
		foreach ( $rules as $pattern => $query ) {
			if ( preg_match( "#^$pattern#", 'buy/my-course' ) ) {
				$first = $query;
				break;
			}
		}
		self::assertSame( 'index.php?tillside_buy=$matches[1]', $first );
	}

	public function test_tillside_is_told_once_which_public_page_shows_an_offer(): void {
		global $wpdb;
		$events = static fn() => (int) $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->prefix}tillside_wp_events WHERE type IN ('page.shown', 'page.gone')" ); // phpcs:ignore
		if ( null === $wpdb->get_var( "SHOW TABLES LIKE '{$wpdb->prefix}tillside_wp_events'" ) ) { // phpcs:ignore
			$wpdb->query( "CREATE TABLE {$wpdb->prefix}tillside_wp_events (id BIGINT AUTO_INCREMENT PRIMARY KEY, type VARCHAR(64), payload TEXT)" ); // phpcs:ignore
		}
		$public = (int) wp_insert_post( array( 'post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'A' ) ); // phpcs:ignore
		$draft  = (int) wp_insert_post( array( 'post_type' => 'page', 'post_status' => 'draft', 'post_title' => 'B' ) ); // phpcs:ignore
		delete_option( Pages::OPTION );
		$pages = new Pages( new \Tillside\Outbox( new \Tillside\Site() ) );
		$start = $events();
		$pages->remember( $public, 'course' );
		$pages->remember( $public, 'course' );
		$pages->remember( $draft, 'course' );
		self::assertSame( 1, $events() - $start );
		wp_update_post( array( 'ID' => $public, 'post_name' => 'elsewhere' ) ); // phpcs:ignore
		self::assertSame( 2, $events() - $start, 'A changed page is not known any more' );
		self::assertSame( array( $draft ), $pages->showing( array( 'course' ) ) );
	}
}
