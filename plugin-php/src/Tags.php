<?php
/**
 * The tags of a user.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Reads tags from Tillside's tables, so that they are those of now, and are known while Tillside is away.
 */
final class Tags {

	/**
	 * Tables.
	 *
	 * @var Site
	 */
	private Site $site;

	/**
	 * Tags by user, for this request.
	 *
	 * @var array<int, string[]>
	 */
	private array $known = array();

	/**
	 * Whether something on this page depended on the tags of who sees it.
	 *
	 * @var bool
	 */
	private bool $is_personal = false;

	/**
	 * Creates the reader.
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
		add_shortcode( 'tillside_if', array( $this, 'show_if' ) );
	}

	/**
	 * Returns a user's tags: those of all contacts that are this user.
	 *
	 * @param int $user_id User; 0 is a visitor, who has none.
	 * @return string[] Names, as they were given.
	 */
	public function of( int $user_id ): array {
		global $wpdb;
		if ( $user_id <= 0 ) {
			return array();
		}
		if ( ! isset( $this->known[ $user_id ] ) ) {
			// Before Tillside has made its tables there are no tags, and that is no error.
			$shown                   = $wpdb->suppress_errors();
			$tags                    = $wpdb->get_col( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- Kept for this request only: a tag that was taken must not live on in a cache.
				$wpdb->prepare(
					'SELECT DISTINCT t.tag FROM %i c JOIN %i t ON t.contact_id = c.id WHERE c.user_id = %d',
					$this->site->table( 'contacts' ),
					$this->site->table( 'contact_tags' ),
					$user_id
				)
			);
			$this->known[ $user_id ] = array_map( 'strval', (array) $tags );
			$wpdb->suppress_errors( $shown );
		}
		/**
		 * Filters the tags of a user.
		 *
		 * @param string[] $tags    Names.
		 * @param int      $user_id User.
		 */
		return (array) apply_filters( 'tillside_user_tags', $this->known[ $user_id ], $user_id );
	}

	/**
	 * Says whether a user has one of some tags.
	 *
	 * @param int      $user_id User.
	 * @param string[] $tags    Names, compared with their letter case.
	 * @return bool Whether one of them is there.
	 */
	public function has_any( int $user_id, array $tags ): bool {
		return array() !== array_intersect( $tags, $this->of( $user_id ) );
	}

	/**
	 * Renders [tillside_if tag="A, B" not_tag="C"]…[/tillside_if]: for who has one of the first and none of the second, which wins.
	 *
	 * @param array<string, string>|string $atts    Attributes.
	 * @param string|null                  $content What stands between.
	 * @return string HTML.
	 */
	public function show_if( $atts, $content = null ): string {
		$atts = shortcode_atts(
			array(
				'tag'     => '',
				'not_tag' => '',
			),
			(array) $atts,
			'tillside_if'
		);
		$this->keep_out_of_caches();
		$user = get_current_user_id();
		$any  = self::names( $atts['tag'] );
		$none = self::names( $atts['not_tag'] );
		if ( ( array() !== $any && ! $this->has_any( $user, $any ) ) || $this->has_any( $user, $none ) ) {
			return '';
		}
		return do_shortcode( (string) $content );
	}

	/** Splits names at commas; one in a name is written twice, since WordPress takes backslashes out of attributes. */
	private static function names( string $text ): array {
		$parts = preg_split( '/(?<!,),(?!,)/', $text );
		$names = array();
		foreach ( false === $parts ? array() : $parts as $part ) {
			$name = trim( str_replace( ',,', ',', $part ) );
			if ( '' !== $name ) {
				$names[] = $name;
			}
		}
		return $names;
	}

	/** What a member sees must be in no cache; visitors all see the same. */
	private function keep_out_of_caches(): void {
		if ( $this->is_personal || ! is_user_logged_in() ) {
			return;
		}
		$this->is_personal = true;
		if ( ! defined( 'DONOTCACHEPAGE' ) ) {
			define( 'DONOTCACHEPAGE', true ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals -- The name that cache plugins agree on.
		}
		if ( ! headers_sent() ) {
			nocache_headers();
		}
	}
}
