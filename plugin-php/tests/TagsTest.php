<?php
/**
 * Tags of users.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

/**
 * Tests Tags, [tillside_if] and tillside_user_has_tag().
 */
final class TagsTest extends TestCase {

	/** Makes Tillside's tables, as far as they matter, for this connection only: others would end the transaction. */
	private function with_tables(): void {
		global $wpdb;
		$wpdb->query( "CREATE TEMPORARY TABLE {$wpdb->prefix}tillside_contacts (id INT PRIMARY KEY, user_id INT NULL)" );
		$wpdb->query( "CREATE TEMPORARY TABLE {$wpdb->prefix}tillside_contact_tags (contact_id INT, tag VARCHAR(190) COLLATE utf8mb4_bin, PRIMARY KEY (contact_id, tag))" );
	}

	protected function tearDown(): void {
		global $wpdb;
		$wpdb->query( "DROP TEMPORARY TABLE IF EXISTS {$wpdb->prefix}tillside_contacts" );
		$wpdb->query( "DROP TEMPORARY TABLE IF EXISTS {$wpdb->prefix}tillside_contact_tags" );
		parent::tearDown();
	}

	/** Gives a user a contact with tags. */
	private static function tag( int $contact, int $user, string ...$tags ): void {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( "INSERT INTO {$wpdb->prefix}tillside_contacts VALUES (%d, %d)", $contact, $user ) );
		foreach ( $tags as $tag ) {
			$wpdb->query( $wpdb->prepare( "INSERT INTO {$wpdb->prefix}tillside_contact_tags VALUES (%d, %s)", $contact, $tag ) );
		}
	}

	public function test_has_tag_is_exact_and_counts_all_contacts_of_the_user(): void {
		$this->with_tables();
		self::tag( 1, 1, 'Buyer', 'a, b' );
		self::tag( 2, 1, 'VIP' );
		self::tag( 3, 99, 'Other' );
		$this->assertTrue( tillside_user_has_tag( 'Buyer', 1 ) );
		$this->assertTrue( tillside_user_has_tag( 'VIP', 1 ) );
		$this->assertTrue( tillside_user_has_tag( array( 'Nothing', 'VIP' ), 1 ) );
		$this->assertFalse( tillside_user_has_tag( 'buyer', 1 ) );
		$this->assertFalse( tillside_user_has_tag( 'Other', 1 ) );
		$this->assertFalse( tillside_user_has_tag( 'Buyer' ), 'Visitors have no tags.' );
		wp_set_current_user( 1 );
		$this->assertTrue( tillside_user_has_tag( 'Buyer' ) );
	}

	public function test_without_tables_nobody_has_tags_and_nothing_is_printed(): void {
		wp_set_current_user( 1 );
		$this->expectOutputString( '' );
		$this->assertFalse( tillside_user_has_tag( 'Buyer' ) );
	}

	/**
	 * What each person sees.
	 *
	 * @dataProvider conditions
	 */
	public function test_if_shows_to_whom_it_says( string $shortcode, bool $to_member, bool $to_visitor ): void {
		$this->with_tables();
		self::tag( 1, 1, 'Buyer', 'Refunded', 'a, b' );
		foreach ( array( 0 => $to_visitor, 1 => $to_member ) as $user => $shown ) {
			wp_set_current_user( $user );
			$this->assertSame( $shown ? 'yes' : '', do_shortcode( $shortcode . 'yes[/tillside_if]' ), "user $user: $shortcode" );
		}
	}

	public static function conditions(): array {
		return array(
			array( '[tillside_if tag="Buyer"]', true, false ),
			array( '[tillside_if tag="Nobody, Buyer"]', true, false ),
			array( '[tillside_if tag="Nobody"]', false, false ),
			array( '[tillside_if tag="Buyer" not_tag="Refunded"]', false, false ),
			array( '[tillside_if not_tag="Buyer"]', false, true ),
			array( '[tillside_if not_tag="Nobody"]', true, true ),
			array( '[tillside_if]', true, true ),
			array( '[tillside_if tag="a,, b"]', true, false ),
			array( '[tillside_if tag="buyer"]', false, false ),
		);
	}

	public function test_a_filter_may_add_tags_of_its_own(): void {
		wp_set_current_user( 1 );
		add_filter( 'tillside_user_tags', static fn( $tags ) => array_merge( $tags, array( 'Extra' ) ) );
		$this->assertTrue( tillside_user_has_tag( 'Extra' ) );
	}
}
