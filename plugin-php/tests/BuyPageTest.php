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
 * Tests ThemePages, BuyPage and GiftCardPage, and what Tillside is told of pages.
 */
final class BuyPageTest extends TestCase {

	protected function setUp(): void {
		parent::setUp();
		$this->tillside = static function ( string $url ) {
			parse_str( (string) wp_parse_url( $url, PHP_URL_QUERY ), $query );
			if ( 'course' !== ( $query['offer'] ?? 'course' ) ) {
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
					'page'     => 'https://wp.test/order/?a=1&b=2',
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
		self::assertSame( 'The &lt;b&gt;course&lt;/b&gt;', $title );
		self::assertStringContainsString( '<form>the form</form>', $content );
		self::assertStringContainsString( 'data-token=', $content );
	}

	public function test_an_offer_that_does_not_exist_is_not_found(): void {
		foreach ( array( 'nosuch', '../x', '<script>', array( 'course' ), str_repeat( 'a', 101 ) ) as $offer ) {
			self::visit( array( 'tillside_buy' => $offer ) );
			self::assertTrue( is_404(), (string) wp_json_encode( $offer ) );
			self::assertSame( array(), self::page() );
		}
	}

	public function test_a_feed_of_an_offer_is_not_found(): void {
		self::visit(
			array(
				'tillside_buy' => 'course',
				'feed'         => 'rss2',
			)
		);
		self::assertTrue( is_404() );
	}

	public function test_its_head_names_one_address_and_nothing_that_does_not_exist(): void {
		wp_set_current_user( self::user( 'administrator' ) );
		self::visit( array( 'tillside_buy' => 'course' ) );
		ob_start();
		do_action( 'wp_head' );
		$head = (string) ob_get_clean();
		self::assertSame( 1, substr_count( $head, 'rel="canonical"' ) );
		self::assertStringContainsString( '<link rel="canonical" href="https://wp.test/order/?a=1&#038;b=2">', $head );
		self::assertStringNotContainsString( '/pages/0', $head );
		self::assertStringNotContainsString( 'oembed', $head );
		self::assertEmpty( get_edit_post_link( 0 ) );
		self::assertFalse( apply_filters( 'redirect_canonical', 'https://wp.test/elsewhere/' ) );
	}

	public function test_without_tillside_the_page_says_so(): void {
		$this->tillside = null;
		self::visit( array( 'tillside_buy' => 'course' ) );
		self::assertFalse( is_404(), 'nobody knows whether there is such an offer' );
		list( , $content ) = self::page();
		self::assertStringContainsString( 'The order form cannot be shown right now.', $content );
	}

	public function test_a_gift_card_has_a_page(): void {
		self::visit( array( 'tillside_gift_card' => '1' ) );
		self::assertTrue( is_page() );
		list( $title, $content ) = self::page();
		self::assertSame( 'Gift card', $title );
		self::assertStringContainsString( 'data-tillside="gift_card"', $content );
	}

	public function test_it_stands_in_a_block_theme_and_in_a_classic_one(): void {
		self::assertTrue( wp_is_block_theme() );
		self::visit( array( 'tillside_buy' => 'course' ) );
		get_page_template();
		$html = get_the_block_template_html();
		self::assertMatchesRegularExpression( '#<h1[^>]*>The &lt;b&gt;course&lt;/b&gt;</h1>#', $html );
		self::assertSame( 1, substr_count( $html, '<form>the form</form>' ) );

		$folder = get_temp_dir() . 'tillside-themes-' . getmypid();
		wp_mkdir_p( $folder . '/old' );
		file_put_contents( $folder . '/old/style.css', '/* Theme Name: Old */' );
		file_put_contents( $folder . '/old/index.php', '<?php while ( have_posts() ) { the_post(); the_title( "<h1>", "</h1>" ); the_content(); edit_post_link(); comments_template(); }' );
		register_theme_directory( $folder );
		wp_clean_themes_cache();
		$before = get_stylesheet();
		switch_theme( 'old' );
		wp_set_template_globals();
		self::assertFalse( wp_is_block_theme() );
		wp_set_current_user( self::user( 'administrator' ) );
		self::visit( array( 'tillside_buy' => 'course' ) );
		$template = get_page_template();
		ob_start();
		include '' === $template ? get_index_template() : $template;
		$html = (string) ob_get_clean();
		switch_theme( $before );
		wp_set_template_globals();
		array_map( 'unlink', glob( $folder . '/old/*' ) );
		self::assertStringContainsString( '<h1>The &lt;b&gt;course&lt;/b&gt;</h1>', $html );
		self::assertSame( 1, substr_count( $html, '<form>the form</form>' ) );
		self::assertStringNotContainsString( 'post.php', $html, 'there is nothing to edit' );
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
		wp_update_post( array( 'ID' => get_page_by_path( 'buy/course' )->ID, 'post_status' => 'draft' ) ); // phpcs:ignore
		self::assertSame( array( 'tillside_buy' => 'course' ), apply_filters( 'request', array( 'tillside_buy' => 'course' ) ), 'nobody sees a draft' );
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

	/** Rows that Tillside would read: type and post. */
	private static function told(): array {
		global $wpdb;
		$rows = $wpdb->get_results( "SELECT type, payload FROM {$wpdb->prefix}tillside_wp_events WHERE type LIKE 'page.%' ORDER BY id" ); // phpcs:ignore
		return array_map( static fn( $row ) => array( $row->type, json_decode( $row->payload, true )['post_id'] ), $rows );
	}

	public function test_a_second_visit_writes_nothing(): void {
		$page  = (int) wp_insert_post( array( 'post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'A' ) ); // phpcs:ignore
		$visit = static function () use ( $page ) {
			self::fresh_plugin();
			self::visit( array( 'page_id' => $page ) );
			do_shortcode( '[tillside_order_form offer="course"]' );
		};
		delete_option( Pages::OPTION );
		$visit();
		self::assertSame( array( array( 'page.shown', $page ) ), self::told() );
		$writes = array();
		add_filter(
			'query',
			static function ( $sql ) use ( &$writes ) {
				if ( ! preg_match( '/^\s*SELECT/i', $sql ) ) {
					$writes[] = $sql;
				}
				return $sql;
			}
		);
		$visit();
		self::assertSame( array(), $writes );
	}

	public function test_only_visits_of_public_pages_are_told(): void {
		$page = (int) wp_insert_post( array( 'post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'A' ) ); // phpcs:ignore
		delete_option( Pages::OPTION );
		$pages = new Pages( new \Tillside\Outbox( new \Tillside\Site() ) );
		foreach ( array( 'is_preview', 'is_feed' ) as $flag ) {
			$GLOBALS['wp_query']->init();
			$GLOBALS['wp_query']->$flag = true;
			$pages->remember( $page, 'course' );
		}
		$GLOBALS['wp_query']->init();
		wp_update_post( array( 'ID' => $page, 'post_password' => 'secret' ) ); // phpcs:ignore
		$pages->remember( $page, 'course' );
		self::assertSame( array(), self::told() );
		wp_update_post( array( 'ID' => $page, 'post_password' => '' ) ); // phpcs:ignore
		$pages->remember( $page, 'course' );
		self::assertContains( array( 'page.shown', $page ), self::told() );
	}

	public function test_a_page_that_moved_or_went_is_forgotten(): void {
		$parent = (int) wp_insert_post( array( 'post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'A' ) ); // phpcs:ignore
		$child  = (int) wp_insert_post( array( 'post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'B', 'post_parent' => $parent ) ); // phpcs:ignore
		$moves  = array(
			'its parent is renamed' => static fn() => wp_update_post( array( 'ID' => $parent, 'post_name' => uniqid() ) ), // phpcs:ignore
			'permalinks change'     => static fn() => $GLOBALS['wp_rewrite']->set_permalink_structure( '/x/%postname%/' ),
			'it becomes a draft'    => static fn() => wp_update_post( array( 'ID' => $child, 'post_status' => 'draft' ) ), // phpcs:ignore
			'it is deleted'         => static fn() => wp_delete_post( $child, true ),
		);
		$pages  = new Pages( new \Tillside\Outbox( new \Tillside\Site() ) );
		foreach ( $moves as $what => $move ) {
			delete_option( Pages::OPTION );
			$pages->remember( $child, 'course' );
			$before = count( self::told() );
			$move();
			self::assertSame( array( array( 'page.gone', $child ) ), array_slice( self::told(), $before ), $what );
			self::assertSame( array(), $pages->showing( array( 'course' ) ), $what );
		}
	}
}
