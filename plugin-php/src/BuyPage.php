<?php
/**
 * A page for each offer.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use WP_Post;
use WP_Query;

defined( 'ABSPATH' ) || exit;

/**
 * Shows an offer that has no page of its own at /buy/SLUG, in the site's theme: a page that is in no table, the same
 * for every visitor. A page of the site at that address goes first.
 */
final class BuyPage {

	private const VARIABLE = 'tillside_buy';
	private const RULES    = 'tillside_rules';
	private const RULE     = '^buy/([a-z0-9]+(?:-[a-z0-9]+)*)/?$';

	/**
	 * HTML.
	 *
	 * @var Fragments
	 */
	private Fragments $fragments;

	/**
	 * Renders the form.
	 *
	 * @var Renderer
	 */
	private Renderer $renderer;

	/**
	 * Creates the page.
	 *
	 * @param Fragments $fragments HTML.
	 * @param Renderer  $renderer  Renders the form.
	 */
	public function __construct( Fragments $fragments, Renderer $renderer ) {
		$this->fragments = $fragments;
		$this->renderer  = $renderer;
	}

	/**
	 * Adds the hooks.
	 */
	public function register(): void {
		add_action( 'init', array( self::class, 'add_rule' ) );
		add_action( 'init', array( $this, 'refresh_rules' ), 99 );
		add_filter( 'query_vars', array( $this, 'add_variable' ) );
		add_filter( 'request', array( $this, 'prefer_pages' ) );
		add_filter( 'posts_pre_query', array( $this, 'show' ), 10, 2 );
		add_filter( 'redirect_canonical', array( $this, 'stay' ) );
	}

	/**
	 * Adds the rewrite rule.
	 */
	public static function add_rule(): void {
		add_rewrite_rule( self::RULE, 'index.php?' . self::VARIABLE . '=$matches[1]', 'top' );
	}

	/**
	 * Has WordPress write its rules anew once after an upgrade that changed ours.
	 */
	public function refresh_rules(): void {
		if ( get_option( self::RULES ) !== self::RULE ) {
			update_option( self::RULES, self::RULE, true );
			flush_rewrite_rules( false );
		}
	}

	/**
	 * Lets the address name an offer.
	 *
	 * @param string[] $names Query variables.
	 * @return string[] The same and ours.
	 */
	public function add_variable( $names ) {
		$names[] = self::VARIABLE;
		return $names;
	}

	/**
	 * Gives way to a page of the site at the same address.
	 *
	 * @param array<string, string> $query What the address asks for.
	 * @return array<string, string> The same, or that page.
	 */
	public function prefer_pages( $query ) {
		$offer = is_string( $query[ self::VARIABLE ] ?? null ) ? $query[ self::VARIABLE ] : '';
		if ( '' !== $offer && get_page_by_path( 'buy/' . $offer ) ) {
			return array( 'pagename' => 'buy/' . $offer );
		}
		return $query;
	}

	/**
	 * Puts the page in place of what the database would find. An offer that does not exist is not found.
	 *
	 * @param WP_Post[]|null $posts Posts that another filter has put there.
	 * @param WP_Query       $query Query.
	 * @return WP_Post[]|null Posts.
	 */
	public function show( $posts, $query ) {
		$offer = $query->is_main_query() ? (string) $query->get( self::VARIABLE ) : '';
		if ( '' === $offer ) {
			return $posts;
		}
		$fragment = preg_match( '/^[a-z0-9]+(-[a-z0-9]+)*\z/', $offer ) ? $this->fragments->get( 'order_form', array( 'offer' => $offer ) ) : null;
		if ( null === $fragment || ( is_wp_error( $fragment ) && 'tillside_not_found' === $fragment->get_error_code() ) ) {
			$query->set_404();
			status_header( 404 );
			return array();
		}
		$name  = is_wp_error( $fragment ) ? '' : (string) ( $fragment['name'] ?? '' );
		$html  = $this->renderer->order_form( array( 'offer' => $offer ) );
		$found = $this->page( $offer, '' === $name ? __( 'Order', 'tillside' ) : $name );

		add_filter( 'the_content', static fn( $content ) => in_the_loop() && is_main_query() && get_post() === $found ? $html : $content, 99 );
		$query->is_home           = false;
		$query->is_page           = true;
		$query->is_singular       = true;
		$query->is_archive        = false;
		$query->queried_object    = $found;
		$query->queried_object_id = 0;
		$query->found_posts       = 1;
		$query->max_num_pages     = 1;
		return array( $found );
	}

	/**
	 * Keeps WordPress from looking for a page with a better address.
	 *
	 * @param string|false $url Where to.
	 * @return string|false The same, or nowhere.
	 */
	public function stay( $url ) {
		return '' === (string) get_query_var( self::VARIABLE ) ? $url : false;
	}

	/** A page that is in no table. */
	private function page( string $offer, string $title ): WP_Post {
		return new WP_Post(
			(object) array(
				'ID'             => 0,
				'post_author'    => 0,
				'post_date'      => current_time( 'mysql' ),
				'post_date_gmt'  => current_time( 'mysql', true ),
				'post_title'     => $title,
				'post_content'   => '',
				'post_status'    => 'publish',
				'post_type'      => 'page',
				'post_name'      => $offer,
				'comment_status' => 'closed',
				'ping_status'    => 'closed',
				'filter'         => 'raw',
			)
		);
	}
}
