<?php
/**
 * HTML of Tillside's forms, kept so that pages stay fast and whole.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Fetches fragments. A fresh one is a transient for five minutes; the last good one, an option, serves while Tillside
 * is away; one request at a time refreshes; after a failure nobody asks for half a minute.
 */
final class Fragments {

	/** Stands for the form's id in kept HTML, so that every form on a page shares one copy. */
	public const INSTANCE = 'tillside-instance';

	public const COPY_PREFIX = 'tillside_copy_';
	public const BREAKER     = 'tillside_breaker';
	public const LOCK_PREFIX = 'tillside_lock_';

	private const FRESH_PREFIX = 'tillside_fresh_';
	private const FRESH        = 300;
	private const UNKNOWN      = 60;
	private const BREAK        = 30;
	private const LOCK         = 10;
	private const TIMEOUT_MS   = 300;
	private const MAX_COPIES   = 500;

	/**
	 * HTTP client.
	 *
	 * @var Client
	 */
	private Client $client;

	/**
	 * Tables.
	 *
	 * @var Site
	 */
	private Site $site;

	/**
	 * What this request has already asked for: WordPress runs a shortcode several times.
	 *
	 * @var array<string, array<string, mixed>|WP_Error>
	 */
	private array $memo = array();

	/**
	 * Whether this request got something from Tillside itself.
	 *
	 * @var bool
	 */
	private bool $was_live = false;

	/**
	 * Creates the store.
	 *
	 * @param Client $client HTTP client.
	 * @param Site   $site   Tables.
	 */
	public function __construct( Client $client, Site $site ) {
		$this->client = $client;
		$this->site   = $site;
	}

	/**
	 * Returns a fragment.
	 *
	 * @param string                $name Name: order_form, thank_you, coupon, gift_card.
	 * @param array<string, string> $args Query: offer, layout, coupon.
	 * @return array{html:string,offer:string,name:string,page:string}|WP_Error HTML in one line; slug, name and page of the
	 *         offer that it shows. Codes tillside_not_found and tillside_invalid are final, any other means that Tillside
	 *         is away.
	 */
	public function get( string $name, array $args ) {
		$args += array( 'locale' => get_locale() );
		$key   = self::key( $name, $args );
		if ( ! isset( $this->memo[ $key ] ) ) {
			$this->memo[ $key ] = $this->find( $key, $name, $args );
		}
		return $this->memo[ $key ];
	}

	/**
	 * Whether this request got something from Tillside itself, not from a copy.
	 *
	 * @return bool Answer.
	 */
	public function was_live(): bool {
		return $this->was_live;
	}

	/**
	 * Forgets all fragments of offers.
	 *
	 * @param string[] $offers Slugs.
	 * @return int How many were forgotten.
	 */
	public function purge( array $offers ): int {
		global $wpdb;
		$purged = 0;
		$rows   = $wpdb->get_results( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- Options cannot be listed by prefix otherwise.
			$wpdb->prepare( 'SELECT option_name, option_value FROM %i WHERE option_name LIKE %s', $wpdb->options, $wpdb->esc_like( self::COPY_PREFIX ) . '%' ),
			ARRAY_A
		);
		foreach ( (array) $rows as $row ) {
			$copy = maybe_unserialize( $row['option_value'] );
			if ( is_array( $copy ) && array_intersect( array( $copy['asked'] ?? '', $copy['offer'] ?? '' ), $offers ) ) {
				delete_transient( self::FRESH_PREFIX . substr( $row['option_name'], strlen( self::COPY_PREFIX ) ) );
				delete_option( $row['option_name'] );
				++$purged;
			}
		}
		$this->memo = array();
		return $purged;
	}

	/**
	 * Names a fragment. It never depends on who looks at the page.
	 *
	 * @param string                $name Name.
	 * @param array<string, string> $args Query.
	 * @return string Key.
	 */
	private static function key( string $name, array $args ): string {
		ksort( $args );
		return md5( $name . '?' . http_build_query( $args ) . '#' . TILLSIDE_PLUGIN_VERSION );
	}

	/** Looks in the store, then asks Tillside. */
	private function find( string $key, string $name, array $args ) {
		$fresh = get_transient( self::FRESH_PREFIX . $key );
		if ( is_array( $fresh ) && isset( $fresh['unknown'] ) ) {
			return new WP_Error( $fresh['unknown'], (string) $fresh['message'] );
		}
		if ( is_array( $fresh ) && isset( $fresh['html'] ) ) {
			return $fresh;
		}
		$copy    = get_option( self::COPY_PREFIX . $key );
		$copy    = is_array( $copy ) && isset( $copy['html'] ) ? $copy : null;
		$breaker = get_transient( self::BREAKER );
		if ( false !== $breaker ) {
			return $copy ? $copy : new WP_Error( 'tillside_away', (string) $breaker );
		}
		$lock = $this->lock( $key );
		if ( '' === $lock && $copy ) {
			return $copy;
		}
		$answer = $this->fetch( $key, $name, $args, $copy );
		$this->unlock( $key, $lock );
		return $answer;
	}

	/** Asks Tillside and keeps what it says. */
	private function fetch( string $key, string $name, array $args, ?array $copy ) {
		$target = '/v1/render/' . $name . '?' . http_build_query( $args + array( 'instance' => self::INSTANCE ), '', '&', PHP_QUERY_RFC3986 );
		$answer = $this->client->json( 'render', 'GET', $target, null, self::TIMEOUT_MS );
		if ( is_wp_error( $answer ) && in_array( $answer->get_error_code(), array( 'tillside_not_found', 'tillside_invalid' ), true ) ) {
			$unknown = array(
				'unknown' => $answer->get_error_code(),
				'message' => $answer->get_error_message(),
			);
			set_transient( self::FRESH_PREFIX . $key, $unknown, self::UNKNOWN );
			delete_option( self::COPY_PREFIX . $key );
			return $answer;
		}
		$html = is_wp_error( $answer ) ? '' : ( $answer['html'] ?? '' );
		if ( ! is_string( $html ) || '' === $html ) {
			$why = is_wp_error( $answer ) ? $answer->get_error_message() : 'Tillside\'s answer holds no HTML.';
			set_transient( self::BREAKER, $why, self::BREAK );
			return $copy ? $copy : new WP_Error( 'tillside_away', $why );
		}
		$this->was_live = true;

		$found = array(
			'html'  => (string) preg_replace( '/\s*[\r\n]\s*/', ' ', $html ),
			'asked' => $args['offer'] ?? '',
			'offer' => (string) ( $answer['offer']['slug'] ?? '' ),
			'name'  => (string) ( $answer['offer']['name'] ?? '' ),
			'page'  => (string) ( $answer['page'] ?? '' ),
		);
		set_transient( self::FRESH_PREFIX . $key, $found, self::FRESH );
		if ( $found !== $copy && ( $copy || $this->has_room() ) ) {
			update_option( self::COPY_PREFIX . $key, $found, false );
		}
		return $found;
	}

	/** Reports whether another copy may be kept: whoever writes pages could invent attributes without end. */
	private function has_room(): bool {
		global $wpdb;
		$count = $wpdb->get_var( // phpcs:ignore WordPress.DB.DirectDatabaseQuery -- Only when a new copy is made.
			$wpdb->prepare( 'SELECT COUNT(*) FROM %i WHERE option_name LIKE %s', $wpdb->options, $wpdb->esc_like( self::COPY_PREFIX ) . '%' )
		);
		return (int) $count < self::MAX_COPIES;
	}

	/**
	 * Takes the lock of a fragment. add_option() overwrites and wp_cache_add() is no lock without a persistent cache, so
	 * the unique key of the options table decides.
	 *
	 * @param string $key Fragment.
	 * @return string What to give back; "" when another request has it.
	 */
	private function lock( string $key ): string {
		global $wpdb;
		$name  = self::LOCK_PREFIX . $key;
		$until = sprintf( '%d.%s', time() + self::LOCK, bin2hex( random_bytes( 4 ) ) );
		if ( 1 === $this->site->quietly( $wpdb->prepare( "INSERT IGNORE INTO %i (option_name, option_value, autoload) VALUES (%s, %s, 'no')", $wpdb->options, $name, $until ) ) ) {
			return $until;
		}
		$taken = $this->site->quietly( $wpdb->prepare( 'UPDATE %i SET option_value = %s WHERE option_name = %s AND option_value < %s', $wpdb->options, $until, $name, (string) time() ) );
		return 1 === $taken ? $until : '';
	}

	/** Gives the lock back, unless it ran out and is another's. */
	private function unlock( string $key, string $lock ): void {
		global $wpdb;
		if ( '' !== $lock ) {
			$this->site->quietly( $wpdb->prepare( 'DELETE FROM %i WHERE option_name = %s AND option_value = %s', $wpdb->options, self::LOCK_PREFIX . $key, $lock ) );
		}
	}
}
