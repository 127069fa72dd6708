<?php
/**
 * What the site's owner sees.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

use Tillside\Admin\StatusActions;
use Tillside\Plugin;
use Tillside\Uninstaller;
use Tillside\Way;
use WP_REST_Request;

/**
 * Tests the status screen, Site Health, Way and Uninstaller.
 */
final class StatusTest extends TestCase {

	private const STATUS = array(
		'version'  => '0.1.0',
		'database' => array( 'version' => '10.11-MariaDB', 'prefix' => 'wp_' ),
		'gateway'  => array( 'name' => 'stripe', 'mode' => 'test', 'account' => 'acct_1', 'webhook' => 'polling' ),
		'fence'    => array( 'state' => 'ok', 'remembered' => array(), 'now' => array() ),
		'jobs'     => array( 'waiting' => 3, 'dead' => 1 ),
		'checks'   => array( array( 'name' => 'clock', 'status' => 'error', 'message' => 'Off <b>by</b> a mile', 'mend' => 'Set it.' ) ),
	);

	protected function setUp(): void {
		parent::setUp();
		require_once ABSPATH . 'wp-admin/includes/admin.php';
		set_current_screen( 'dashboard' );
		self::fresh_plugin();
		wp_set_current_user( self::user( 'administrator' ) );
	}

	protected function tearDown(): void {
		$GLOBALS['current_screen'] = null;
		unset( $_REQUEST['_wpnonce'] );
		$_POST = array();
		parent::tearDown();
	}

	private static function screen(): string {
		do_action( 'admin_menu', '' );
		ob_start();
		do_action( get_plugin_page_hookname( 'tillside', '' ) );
		return (string) ob_get_clean();
	}

	public function test_the_screen_shows_what_tillside_says(): void {
		$this->tillside = static fn() => self::answer( self::STATUS );
		$html           = self::screen();
		foreach ( array( 'Connected', '10.11-MariaDB', 'Test mode', 'acct_1', 'Stripe cannot call this site', 'Off &lt;b&gt;by&lt;/b&gt; a mile', 'Set it.' ) as $text ) {
			self::assertStringContainsString( $text, $html );
		}
		self::assertStringNotContainsString( 'copied or moved', $html );
		$claims = json_decode( (string) base64_decode( strtr( explode( '.', $this->sent[0][1]['headers']['X-Tillside-Authorization'] )[1], '-_', '+/' ) ), true );
		self::assertSame( 'admin', $claims['scope'] );
		self::assertSame( (string) get_current_user_id(), $claims['sub'] );
	}

	public function test_the_screen_helps_while_tillside_is_away(): void {
		$html = self::screen();
		self::assertStringContainsString( 'Tillside does not answer', $html );
		self::assertStringContainsString( 'tillside serve --wordpress', $html );
		self::assertStringContainsString( 'Probe again', $html );
		delete_option( 'tillside_sidecar' );
		self::assertStringContainsString( 'Tillside has never called this site', self::screen() );
	}

	public function test_a_copy_is_asked_about(): void {
		$status          = self::STATUS;
		$status['fence'] = array(
			'state'      => 'mismatch',
			'remembered' => array( 'home' => 'https://old.example', 'database' => 'a', 'host' => 'h' ),
			'now'        => array( 'home' => 'https://new.example', 'database' => 'b', 'host' => 'h' ),
		);
		$this->tillside  = static fn() => self::answer( $status );
		$html            = self::screen();
		self::assertStringContainsString( 'This site was copied or moved', $html );
		self::assertStringContainsString( 'value="copy"', $html );
		self::assertStringContainsString( 'https://old.example', $html );
	}

	public function test_only_those_who_may_see_it(): void {
		wp_set_current_user( self::user( 'editor' ) );
		self::assertFalse( current_user_can( 'manage_tillside' ) );
		self::assertSame( '', self::screen() );
		$this->expectException( \RuntimeException::class );
		$this->press( 'probe' );
	}

	public function test_a_button_needs_its_own_nonce(): void {
		$this->expectException( \RuntimeException::class );
		$this->press( 'stripe', array(), 'tillside_probe' );
	}

	/**
	 * Presses a button.
	 *
	 * @param string                $action Action.
	 * @param array<string, string> $fields Fields.
	 * @param string                $nonce  Another nonce's name.
	 * @return array<string, string> Notice.
	 */
	private function press( string $action, array $fields = array(), string $nonce = '' ): array {
		add_filter( 'wp_redirect', '__return_false' );
		add_filter(
			'wp_die_handler',
			static fn() => static function ( $message ) {
				throw new \RuntimeException( is_wp_error( $message ) ? $message->get_error_message() : (string) $message );
			}
		);
		$_POST                = wp_slash( $fields );
		$_REQUEST['_wpnonce'] = wp_create_nonce( '' === $nonce ? 'tillside_' . $action : $nonce );
		do_action( 'admin_post_tillside_' . $action );
		return (array) get_transient( StatusActions::NOTICE . get_current_user_id() );
	}

	public function test_stripes_keys_go_to_tillside_and_stay_nowhere(): void {
		global $wpdb;
		$this->tillside = static fn() => self::answer( array( 'mode' => 'test' ) );
		foreach ( array( array( 'pk_test_1', 'sk_live_1' ), array( 'sk_test_1', 'pk_test_1' ), array( '', '' ) ) as $keys ) {
			$notice = $this->press( 'stripe', array( 'publishable_key' => $keys[0], 'secret_key' => $keys[1] ) );
			self::assertSame( 'error', $notice['type'] );
		}
		self::assertCount( 0, $this->sent );
		$notice = $this->press( 'stripe', array( 'publishable_key' => ' pk_test_Abc ', 'secret_key' => 'sk_test_Secret1' ) );
		self::assertSame( 'success', $notice['type'] );
		self::assertSame( 'PUT', $this->sent[0][1]['method'] );
		self::assertSame( '{"secret_key":"sk_test_Secret1","publishable_key":"pk_test_Abc"}', $this->sent[0][1]['body'] );
		self::assertNull( $wpdb->get_var( "SELECT option_name FROM $wpdb->options WHERE option_value LIKE '%sk\\_test\\_Secret1%'" ) );
	}

	public function test_tillsides_own_words_reach_the_admin(): void {
		$this->tillside = static fn() => self::answer( array( 'code' => 'invalid', 'message' => 'Stripe does not know this key.', 'field' => 'secret_key' ), 400 );
		$notice         = $this->press( 'stripe', array( 'publishable_key' => 'pk_test_1', 'secret_key' => 'sk_test_1' ) );
		self::assertSame( 'Stripe does not know this key.', $notice['text'] );
		$this->tillside = static fn() => self::answer( self::STATUS );
		self::assertSame( 'success', $this->press( 'fence', array( 'decision' => 'copy' ) )['type'] );
		self::assertSame( '{"decision":"copy"}', end( $this->sent )[1]['body'] );
	}

	public function test_the_best_way_that_works_is_used(): void {
		$way      = Plugin::instance()->way();
		$home     = get_option( 'home' );
		$pong     = array( 'tillside' => '0.1.0', 'home' => $home );
		$by_relay = self::answer( $pong );

		$by_relay['headers']['x-tillside-way'] = 'relay';
		self::assertSame( 'rest', $way->mode(), 'what works on any host, until a probe found better' );
		self::assertSame( '/wp-json/tillside/v1/proxy', $way->base() );

		$this->tillside = static fn( $url ) => 0 === strpos( $url, "$home/tillside/" ) ? self::answer( $pong ) : self::answer( '<html>', 404 );
		self::assertSame( '', $way->probe()['proxy'] );
		self::assertSame( array( 'proxy', '/tillside' ), array( $way->mode(), $way->base() ) );

		$this->tillside = static fn( $url ) => 0 === strpos( $url, "$home/tillside/" ) ? $by_relay : self::answer( $pong );
		$way->probe();
		self::assertSame( array( 'relay', '/tillside' ), array( $way->mode(), $way->base() ) );

		$this->tillside = static fn( $url ) => self::answer( 0 === strpos( $url, "$home/tillside/" ) ? array( 'home' => 'https://other.example' ) + $pong : $pong );
		self::assertStringContainsString( 'another site', $way->probe()['proxy'] );
		self::assertSame( 'rest', $way->mode() );

		$this->tillside = null;
		$way->probe();
		self::assertSame( 'rest', $way->mode(), 'a server that cannot call itself changes nothing' );

		update_option( 'permalink_structure', '' );
		$GLOBALS['wp_rewrite']->init();
		self::assertSame( '/index.php?rest_route=/tillside/v1/proxy', $way->base() );
		update_option( 'permalink_structure', '/%postname%/' );
		$GLOBALS['wp_rewrite']->init();
	}

	public function test_the_browser_decides_by_rest(): void {
		$post = function ( array $working ) {
			$request = new WP_REST_Request( 'POST', '/tillside/v1/admin/way' );
			$request->set_header( 'Content-Type', 'application/json' );
			$request->set_body( (string) wp_json_encode( array( 'working' => $working ) ) );
			return rest_get_server()->dispatch( $request );
		};
		self::assertSame( array( 'mode' => 'relay', 'changed' => true ), $post( array( 'relay' => '/tillside', 'rest' => '/wp-json/tillside/v1/proxy' ) )->get_data() );
		self::assertSame( 'relay', $post( array( 'proxy' => '/evil' ) )->get_data()['mode'], 'only our own places' );
		self::assertSame( 400, $post( array( 'other' => '/x' ) )->get_status() );
		wp_set_current_user( self::user( 'editor' ) );
		self::assertSame( 403, $post( array( 'rest' => '/wp-json/tillside/v1/proxy' ) )->get_status() );
	}

	public function test_site_health_knows_tillside(): void {
		$tests = apply_filters( 'site_status_tests', array( 'direct' => array(), 'async' => array() ) );
		self::assertSame( 'recommended', call_user_func( $tests['direct']['tillside_keys']['test'] )['status'] );
		self::assertTrue( $tests['async']['tillside_reachable']['has_rest'] );
		self::assertSame( 'critical', call_user_func( $tests['async']['tillside_reachable']['async_direct_test'] )['status'] );
		$this->tillside = static fn() => self::answer( array( 'tillside' => '0.1.0', 'home' => get_option( 'home' ) ) );
		self::assertSame( 'good', rest_get_server()->dispatch( new WP_REST_Request( 'GET', '/tillside/v1/admin/health/reachable' ) )->get_data()['status'] );
		self::assertSame( 'good', call_user_func( $tests['async']['tillside_way']['async_direct_test'] )['status'] );
		$info = apply_filters( 'debug_information', array() );
		self::assertTrue( $info['tillside']['fields']['url']['private'] );
		self::assertStringNotContainsString( json_decode( (string) get_option( 'tillside_keys' ), true )['k1']['s'], (string) wp_json_encode( $info ) );
	}

	public function test_uninstall_removes_what_the_plugin_stored(): void {
		global $wpdb;
		$dropped = array();
		add_filter(
			'query',
			function ( $sql ) use ( &$dropped ) {
				if ( 0 === strpos( $sql, 'DROP TABLE' ) ) { // Would end the transaction.
					$dropped[] = $sql;
					return 'SELECT 1';
				}
				return $sql;
			}
		);
		$id = self::user();
		add_user_meta( $id, 'tillside_login', 'x' );
		add_user_meta( $id, 'other', 'x' );
		set_transient( 'tillside_fresh_x', 'x', 60 );
		update_option( 'tillside_copy_x', 'x', false );
		Uninstaller::clean_site();
		self::assertSame( array(), $dropped, 'orders stay' );
		self::assertSame( '0', $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->options WHERE option_name LIKE '%tillside\\_%'" ) );
		self::assertSame( '0', $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->usermeta WHERE meta_key LIKE 'tillside%'" ) );
		self::assertSame( 'x', get_user_meta( $id, 'other', true ) );

		update_option( StatusActions::DELETE_DATA, '1' );
		Uninstaller::clean_site();
		self::assertCount( 3, $dropped );
		self::assertStringContainsString( $wpdb->prefix . 'tillside_jtis', implode( $dropped ) );
	}

	public function test_the_relay_is_installed_with_consent_only(): void {
		$relay = new \Tillside\Relay();
		$had   = is_dir( WPMU_PLUGIN_DIR );
		// WordPress looks at who owns its files, and the tests may be run by another user.
		add_filter( 'filesystem_method', static fn() => 'ftpext' );
		self::assertStringContainsString( 'by hand', $this->press( 'relay_install', array( 'consent' => '1' ) )['text'] );
		add_filter( 'filesystem_method', static fn() => 'direct', 20 );
		self::assertSame( 'error', $this->press( 'relay_install' )['type'] );
		self::assertFalse( $relay->is_installed() );
		self::assertSame( 'success', $this->press( 'relay_install', array( 'consent' => '1' ) )['type'] );
		self::assertTrue( $relay->is_installed() );
		self::assertSame( 'success', $this->press( 'relay_remove' )['type'] );
		self::assertFalse( $relay->is_installed() );
		if ( ! $had ) {
			rmdir( WPMU_PLUGIN_DIR );
		}
	}
}
