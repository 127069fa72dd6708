<?php
/**
 * What pages show.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

use Tillside\Fragments;
use Tillside\Keys;
use Tillside\Verifier;

/**
 * Tests Renderer, Fragments, Shortcodes, Pages and Assets.
 */
final class RenderTest extends TestCase {

	private const AWAY = 'The order form cannot be shown right now.';

	protected function setUp(): void {
		parent::setUp();
		update_option(
			'tillside_mode',
			array(
				'mode'   => 'proxy',
				'base'   => '/tillside',
				'probed' => time(),
			)
		);
		$this->tillside = static function ( string $url ) {
			parse_str( (string) wp_parse_url( $url, PHP_URL_QUERY ), $query );
			if ( ! in_array( $query['offer'] ?? 'course', array( 'course', 'other' ), true ) ) {
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
					'html'     => "<form id=\"{$query['instance']}-form\">\n\n<input>\n</form>",
					'revision' => '5',
					'offer'    => array(
						'id'   => 7,
						'slug' => $query['offer'] ?? '',
						'name' => 'Course',
					),
				)
			);
		};
	}

	/**
	 * Makes a page and lets WordPress take it for the one that is asked for.
	 *
	 * @param string $content Content.
	 * @return int Id.
	 */
	private static function go_to_page( string $content ): int {
		$id = (int) wp_insert_post(
			array(
				'post_type'    => 'page',
				'post_status'  => 'publish',
				'post_title'   => 'Order',
				'post_name'    => 'order-here',
				'post_content' => $content,
			)
		);
		$GLOBALS['wp_query']->init();
		$GLOBALS['wp_query']->is_page           = true;
		$GLOBALS['wp_query']->is_singular       = true;
		$GLOBALS['wp_query']->queried_object    = get_post( $id );
		$GLOBALS['wp_query']->queried_object_id = $id;
		return $id;
	}

	protected function tearDown(): void {
		$GLOBALS['wp_query']->init();
		parent::tearDown();
	}

	public function test_the_form_is_one_line_with_nothing_personal(): void {
		$page = self::go_to_page( '' );
		wp_set_current_user( self::user() );
		$html = do_shortcode( '[tillside_order_form offer="course" coupon="SAVE10" layout="stacked"]' );
		self::assertMatchesRegularExpression(
			'#^<div class="tillside" data-tillside="order_form" data-base="/tillside" data-token="[\w.-]+" data-instance="tillside-1" data-session="/wp-admin/admin-ajax\.php\?action=tillside_session"><form id="tillside-1-form"> <input> </form></div>$#',
			$html
		);
		self::assertStringNotContainsString( 'nonce', $html );
		self::assertStringNotContainsString( '<script', $html );

		preg_match( '/data-token="([^"]+)"/', $html, $match );
		$claims = ( new Verifier( Keys::load(), get_option( 'home' ) ) )->verify_form( $match[1] );
		self::assertSame( array( 'course', 'tillside-1', get_permalink( $page ), 'SAVE10', 'stacked' ), array( $claims['offer'], $claims['inst'], $claims['page'], $claims['coupon'], $claims['layout'] ) );
		self::assertSame( 0, $claims['iat'] % 3600 );

		self::fresh_plugin();
		wp_set_current_user( 0 );
		self::assertSame( $html, do_shortcode( '[tillside_order_form offer="course" coupon="SAVE10" layout="stacked"]' ), 'the same for everybody' );
		self::fresh_plugin();
		self::assertSame( $html, do_shortcode( '[tillside_order_form offer=“course” coupon=”SAVE10“ layout=‘stacked’]' ), 'a text editor curled the quotes' );
	}

	public function test_the_call_is_signed_and_quick(): void {
		do_shortcode( '[tillside_order_form offer="course"]' );
		list( $url, $args ) = $this->sent[0];
		self::assertSame( 300, $args['tillside_ms'] );
		self::assertSame( 0, strpos( $url, 'http://sidecar.test:8081/v1/render/order_form?' ) );
		$target = substr( $url, strlen( 'http://sidecar.test:8081' ) );
		$token  = \Tillside\Token::bearer( $args['headers']['X-Tillside-Authorization'] );
		$claims = ( new Verifier( Keys::load(), get_option( 'home' ) ) )->verify_call( 'plugin-to-tillside', $token, 'GET', $target, '', array( 'render' ) );
		self::assertIsArray( $claims );
	}

	public function test_a_fragment_is_asked_for_once_in_five_minutes(): void {
		$first  = do_shortcode( '[tillside_order_form offer="course"]' );
		$second = do_shortcode( '[tillside_order_form offer="course"]' );
		self::assertCount( 1, $this->sent );
		self::assertStringContainsString( 'id="tillside-1-form"', $first );
		self::assertStringContainsString( 'id="tillside-2-form"', $second, 'two forms on a page' );
		self::fresh_plugin();
		do_shortcode( '[tillside_order_form offer="course"]' );
		self::assertCount( 1, $this->sent );
		do_shortcode( '[tillside_order_form offer="other"]' );
		self::assertCount( 2, $this->sent );
	}

	/**
	 * Lets the five minutes pass.
	 */
	private static function let_it_age(): void {
		global $wpdb;
		$wpdb->query( "DELETE FROM $wpdb->options WHERE option_name LIKE '_transient%tillside_fresh_%'" );
		wp_cache_flush();
		self::fresh_plugin();
	}

	public function test_the_last_good_copy_serves_while_tillside_is_away(): void {
		$good = do_shortcode( '[tillside_order_form offer="course"]' );
		self::let_it_age();
		$this->tillside = null;
		$this->sent     = array();
		self::assertSame( $good, do_shortcode( '[tillside_order_form offer="course"]' ) );
		self::assertCount( 1, $this->sent );

		self::fresh_plugin();
		self::assertSame( $good, do_shortcode( '[tillside_order_form offer="course"]' ) );
		self::assertStringContainsString( self::AWAY, do_shortcode( '[tillside_order_form offer="other"]' ) );
		self::assertCount( 1, $this->sent, 'the circuit breaker is open' );
	}

	public function test_without_a_copy_there_is_a_plain_sentence(): void {
		$this->tillside = null;
		$html           = do_shortcode( '[tillside_order_form offer="course"]' );
		self::assertStringContainsString( self::AWAY, $html );
		self::assertStringNotContainsString( 'refused', $html );
		self::assertStringNotContainsString( 'data-token', $html );
		self::assertTrue( defined( 'DONOTCACHEPAGE' ) );
		self::assertStringContainsString( 'Your order cannot be shown', do_shortcode( '[tillside_thank_you]' ) );

		self::fresh_plugin();
		wp_set_current_user( self::user( 'administrator' ) );
		self::assertStringContainsString( 'connection refused', do_shortcode( '[tillside_order_form offer="course"]' ) );
	}

	public function test_one_request_at_a_time_refreshes(): void {
		global $wpdb;
		$good = do_shortcode( '[tillside_order_form offer="course"]' );
		self::let_it_age();
		$key = substr( (string) $wpdb->get_var( "SELECT option_name FROM $wpdb->options WHERE option_name LIKE 'tillside\\_copy\\_%'" ), strlen( Fragments::COPY_PREFIX ) );
		$wpdb->insert(
			$wpdb->options,
			array(
				'option_name'  => Fragments::LOCK_PREFIX . $key,
				'option_value' => ( time() + 5 ) . '.x',
				'autoload'     => 'no',
			)
		);
		$this->sent = array();
		self::assertSame( $good, do_shortcode( '[tillside_order_form offer="course"]' ) );
		self::assertCount( 0, $this->sent, 'another one is at it' );

		$wpdb->update( $wpdb->options, array( 'option_value' => ( time() - 5 ) . '.x' ), array( 'option_name' => Fragments::LOCK_PREFIX . $key ) );
		self::fresh_plugin();
		do_shortcode( '[tillside_order_form offer="course"]' );
		self::assertCount( 1, $this->sent, 'whoever had the lock died' );
		self::assertNull( $wpdb->get_var( "SELECT option_name FROM $wpdb->options WHERE option_name LIKE 'tillside\\_lock\\_%'" ) );
	}

	public function test_an_unknown_offer_is_explained_to_those_who_may_edit(): void {
		self::go_to_page( '' );
		self::assertSame( '', do_shortcode( '[tillside_order_form offer="nothing"]' ) );
		self::fresh_plugin();
		wp_set_current_user( self::user( 'subscriber' ) );
		self::assertSame( '', do_shortcode( '[tillside_order_form offer="nothing"]' ) );
		wp_set_current_user( self::user( 'administrator' ) );
		self::assertStringContainsString( 'There is no offer “nothing”.', do_shortcode( '[tillside_order_form offer="nothing"]' ) );
		self::assertCount( 1, $this->sent, 'that it is unknown is remembered too' );
	}

	public function test_hostile_attributes_do_nothing(): void {
		foreach ( array( '', 'offer=""', 'offer', 'offer="../admin"', 'offer="A B"', 'offer="x&quot; onload=&quot;alert(1)"' ) as $atts ) {
			self::assertSame( '', do_shortcode( "[tillside_order_form $atts]" ), $atts );
		}
		self::assertCount( 0, $this->sent );
		$html = do_shortcode( "[tillside_order_form offer=course coupon='\"><img src=x onerror=alert(1)>' layout='x y']" );
		self::assertStringNotContainsString( 'onerror', $html );
		self::assertStringNotContainsString( '<img', do_shortcode( '[tillside_order_form offer=course coupon="&#34;&gt;&lt;img src=x&gt;"]' ) );
	}

	public function test_blocks_render_the_same(): void {
		$block = do_blocks( '<!-- wp:tillside/order-form {"offer":"course","align":"wide"} /-->' );
		self::assertStringContainsString( 'class="alignwide wp-block-tillside-order-form"', $block );
		self::assertStringContainsString( '<div class="tillside" data-tillside="order_form"', $block );
		self::assertStringContainsString( 'data-tillside="thank_you"', do_blocks( '<!-- wp:tillside/thank-you /-->' ) );
		self::assertSame( '', do_blocks( '<!-- wp:tillside/order-form /-->' ) );
		self::assertSame( 3, \WP_Block_Type_Registry::get_instance()->get_registered( 'tillside/order-form' )->api_version );
	}

	public function test_the_content_filter_leaves_the_form_whole(): void {
		$html = apply_filters( 'the_content', "Before\n\n[tillside_order_form offer=\"course\"]\n\nAfter" );
		self::assertStringContainsString( '<form id="tillside-1-form"> <input> </form></div>', $html );
		self::assertStringNotContainsString( '<p><div', $html );
	}

	public function test_the_thank_you_page_has_no_token(): void {
		self::assertMatchesRegularExpression( '#^<div class="tillside" data-tillside="thank_you" data-base="/tillside" data-instance="tillside-1" data-session="[^"]+"><form#', do_shortcode( '[tillside_thank_you]' ) );
	}

	public function test_coupons_and_gift_cards_are_the_same_for_everybody(): void {
		foreach ( array( 'coupon', 'gift_card' ) as $name ) {
			$pattern = '#^<div class="tillside" data-tillside="' . $name . '" data-base="/tillside" data-instance="tillside-1" data-session="[^"]+"><form id="tillside-1-form"> <input> </form></div>$#';
			self::fresh_plugin();
			$html = do_shortcode( "[tillside_$name]" );
			self::assertMatchesRegularExpression( $pattern, $html );
			wp_set_current_user( self::user( 'administrator' ) );
			self::fresh_plugin();
			self::assertSame( $html, do_shortcode( "[tillside_$name]" ) );
			self::fresh_plugin();
			self::assertStringContainsString( $html, do_blocks( '<!-- wp:tillside/' . str_replace( '_', '-', $name ) . ' /-->' ) );
			wp_set_current_user( 0 );
		}
	}

	public function test_a_coupon_box_names_its_offer_and_nothing_hostile(): void {
		do_shortcode( '[tillside_coupon offer="course"]' );
		self::assertStringContainsString( '/v1/render/coupon?offer=course&', $this->sent[0][0] );
		$this->sent = array();
		self::fresh_plugin();
		do_shortcode( '[tillside_coupon offer="../admin?x=<script>"]' );
		self::assertStringNotContainsString( 'offer=', $this->sent[0][0] );
		self::fresh_plugin();
		self::assertSame( '', do_shortcode( '[tillside_coupon offer="nosuch"]' ), 'visitors' );
		wp_set_current_user( self::user( 'editor' ) );
		self::assertStringContainsString( 'There is no offer “nosuch”.', do_shortcode( '[tillside_coupon offer="nosuch"]' ) );
	}

	public function test_without_tillside_a_coupon_box_is_not_there(): void {
		$this->tillside = null;
		self::assertSame( '', do_shortcode( '[tillside_coupon]' ) );
		self::assertStringContainsString( 'Gift cards cannot be shown right now.', do_shortcode( '[tillside_gift_card]' ) );
	}

	public function test_every_script_is_a_module_that_the_page_can_import(): void {
		$GLOBALS['wp_script_modules'] = new \WP_Script_Modules(); // phpcs:ignore WordPress.WP.GlobalVariablesOverride -- Other tests have printed some, and none is printed twice.
		do_shortcode( '[tillside_order_form offer="course"][tillside_coupon][tillside_gift_card]' );
		foreach ( array( 'order-form', 'coupon-box', 'gift-card' ) as $part ) {
			self::assertTrue( wp_style_is( 'tillside-' . $part ), $part );
		}
		ob_start();
		wp_script_modules()->print_import_map();
		wp_script_modules()->print_enqueued_script_modules();
		$printed = (string) ob_get_clean();
		foreach ( (array) glob( dirname( __DIR__ ) . '/assets/js/*.js' ) as $file ) {
			self::assertStringContainsString( basename( (string) $file ), $printed );
			preg_match_all( "#from '(@tillside/[a-z-]+)'#", (string) file_get_contents( (string) $file ), $imports );
			foreach ( $imports[1] as $import ) {
				self::assertStringContainsString( "\"$import\":", stripslashes( $printed ) );
			}
		}
	}

	public function test_a_page_is_remembered_once_and_forgotten_on_purge(): void {
		$page   = self::go_to_page( '' );
		$writes = 0;
		add_action(
			'update_option_tillside_pages',
			function () use ( &$writes ) {
				++$writes;
			}
		);
		do_shortcode( '[tillside_order_form offer="course"][tillside_order_form offer="course"]' );
		self::fresh_plugin();
		do_shortcode( '[tillside_order_form offer="course"]' );
		self::assertSame( array( 'course' => array( $page ) ), get_option( 'tillside_pages' ) );
		self::assertSame( 0, $writes, 'added, never updated' );

		do_shortcode( '[tillside_order_form offer="other"]' );
		$cleaned = array();
		add_action(
			'clean_post_cache',
			function ( $id ) use ( &$cleaned ) {
				$cleaned[] = $id;
			}
		);
		$this->sent = array();
		$answer     = $this->call( '/cache/purge', 'cache', array( 'offers' => array( 'course' ) ) );
		self::assertSame( array( 'purged' => 2 ), $answer->get_data() );
		self::assertSame( array( $page ), $cleaned );
		do_shortcode( '[tillside_order_form offer="other"]' );
		self::assertCount( 0, $this->sent );
		do_shortcode( '[tillside_order_form offer="course"]' );
		self::assertCount( 1, $this->sent );
	}
}
