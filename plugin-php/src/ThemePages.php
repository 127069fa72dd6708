<?php
/**
 * Pages that are in no table.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use WP_Post;
use WP_Query;

defined( 'ABSPATH' ) || exit;

/**
 * Shows pages of ours in the site's theme at addresses of their own, the same for every visitor. A page of the site at
 * such an address goes first.
 */
final class ThemePages {

	public const RULES = 'tillside_rules';

	/**
	 * The pages by query variable: rule of the address, the same as a path, and what makes the page.
	 *
	 * @var array<string, array{rule:string,path:string,build:callable}>
	 */
	private array $pages = array();

	/**
	 * The page that this request shows.
	 *
	 * @var WP_Post|null
	 */
	private ?WP_Post $shown = null;

	/**
	 * What makes its content.
	 *
	 * @var array{title:string,html:string,url:string,away:bool}|null
	 */
	private ?array $content = null;

	/**
	 * Adds a kind of page.
	 *
	 * @param string   $variable Query variable.
	 * @param string   $rule     Pattern of the address; its first group is the variable's value.
	 * @param string   $path     The address, %s for the value.
	 * @param callable $build    Takes the value and returns title (text), html, url and whether Tillside is away; null when
	 *                           there is no such page.
	 */
	public function add( string $variable, string $rule, string $path, callable $build ): void {
		$this->pages[ $variable ] = array(
			'rule'  => $rule,
			'path'  => $path,
			'build' => $build,
		);
	}

	/**
	 * Adds the hooks.
	 */
	public function register(): void {
		add_action( 'init', array( $this, 'add_rules' ) );
		add_action( 'init', array( $this, 'refresh_rules' ), 99 );
		add_filter( 'query_vars', array( $this, 'add_variables' ) );
		add_filter( 'request', array( $this, 'prefer_pages' ) );
		add_filter( 'posts_pre_query', array( $this, 'show' ), 10, 2 );
		add_filter( 'redirect_canonical', array( $this, 'stay' ) );
	}

	/**
	 * Adds the rewrite rules.
	 */
	public function add_rules(): void {
		foreach ( $this->pages as $variable => $page ) {
			$value = false === strpos( $page['path'], '%s' ) ? '1' : '$matches[1]';
			add_rewrite_rule( $page['rule'], 'index.php?' . $variable . '=' . $value, 'top' );
		}
	}

	/**
	 * Has WordPress write its rules anew once after activation, and after an upgrade that changed ours.
	 */
	public function refresh_rules(): void {
		$rules = implode( ' ', array_column( $this->pages, 'rule' ) );
		if ( get_option( self::RULES ) !== $rules ) {
			update_option( self::RULES, $rules, true );
			flush_rewrite_rules( false );
		}
	}

	/**
	 * Lets addresses name our pages.
	 *
	 * @param string[] $names Query variables.
	 * @return string[] The same and ours.
	 */
	public function add_variables( $names ) {
		return array_merge( (array) $names, array_keys( $this->pages ) );
	}

	/**
	 * Gives way to a page of the site at the same address.
	 *
	 * @param array<string, string> $query What the address asks for.
	 * @return array<string, string> The same, or that page.
	 */
	public function prefer_pages( $query ) {
		foreach ( array_intersect_key( $this->pages, (array) $query ) as $variable => $page ) {
			$path = is_string( $query[ $variable ] ) ? sprintf( $page['path'], $query[ $variable ] ) : '';
			$post = '' === $path ? null : get_page_by_path( $path );
			if ( $post && 'page' === $post->post_type && 'publish' === $post->post_status ) {
				return array( 'pagename' => $path );
			}
		}
		return $query;
	}

	/**
	 * Puts the page in place of what the database would find. One that does not exist is not found.
	 *
	 * @param WP_Post[]|null $posts Posts that another filter has put there.
	 * @param WP_Query       $query Query.
	 * @return WP_Post[]|null Posts.
	 */
	public function show( $posts, $query ) {
		$asked = $query->is_main_query() ? array_filter( array_intersect_key( $query->query_vars, $this->pages ) ) : array();
		if ( ! $asked ) {
			return $posts;
		}
		$variable = (string) array_key_first( $asked );
		$value    = $asked[ $variable ];
		$content  = is_string( $value ) && ! $query->is_feed() ? ( $this->pages[ $variable ]['build'] )( $value ) : null;
		if ( null === $content ) {
			$query->set_404();
			status_header( 404 );
			return array();
		}
		$this->content = $content;
		$this->shown   = $this->page( basename( sprintf( $this->pages[ $variable ]['path'], $value ) ), $content['title'] );
		$this->fill( $query, $this->shown );
		add_filter( 'the_content', array( $this, 'content' ), 99 );
		add_filter( 'get_edit_post_link', array( $this, 'edit_link' ), 10, 2 );
		add_filter( 'rest_queried_resource_route', '__return_empty_string' ); // It is in no table, so REST has none.
		add_filter( 'oembed_discovery_links', '__return_empty_string' );
		add_action( 'wp_head', array( $this, 'canonical' ) );
		add_action( 'template_redirect', array( $this, 'away' ) );
		return array( $this->shown );
	}

	/**
	 * The page's content, untouched by what other filters do to texts.
	 *
	 * @param string $content Content.
	 * @return string Ours on our page.
	 */
	public function content( $content ) {
		return in_the_loop() && is_main_query() && get_post() === $this->shown ? $this->content['html'] : $content;
	}

	/**
	 * There is nothing to edit.
	 *
	 * @param string|null $link Link.
	 * @param int         $post Post.
	 * @return string|null The same; none on our page.
	 */
	public function edit_link( $link, $post ) {
		return 0 === (int) $post ? null : $link;
	}

	/**
	 * Tells search engines the one address of what the page shows.
	 */
	public function canonical(): void {
		if ( '' !== $this->content['url'] ) {
			echo '<link rel="canonical" href="' . esc_url( $this->content['url'] ) . '">' . "\n";
		}
	}

	/**
	 * Tells search engines and caches that this is not what stands here otherwise.
	 */
	public function away(): void {
		if ( $this->content['away'] && ! headers_sent() ) {
			status_header( 503 );
			header( 'Retry-After: 60' );
			nocache_headers();
		}
	}

	/**
	 * Keeps WordPress from looking for a page with a better address.
	 *
	 * @param string|false $url Where to.
	 * @return string|false The same, or nowhere.
	 */
	public function stay( $url ) {
		foreach ( array_keys( $this->pages ) as $variable ) {
			if ( get_query_var( $variable ) ) {
				return false;
			}
		}
		return $url;
	}

	/** Makes the query one that found the page. */
	private function fill( WP_Query $query, WP_Post $found ): void {
		$query->is_home           = false;
		$query->is_page           = true;
		$query->is_singular       = true;
		$query->is_archive        = false;
		$query->queried_object    = $found;
		$query->queried_object_id = 0;
		$query->found_posts       = 1;
		$query->max_num_pages     = 1;
	}

	/** A page that is in no table. Titles of posts are HTML. */
	private function page( string $slug, string $title ): WP_Post {
		return new WP_Post(
			(object) array(
				'ID'             => 0,
				'post_author'    => 0,
				'post_date'      => current_time( 'mysql' ),
				'post_date_gmt'  => current_time( 'mysql', true ),
				'post_title'     => esc_html( $title ),
				'post_content'   => '',
				'post_status'    => 'publish',
				'post_type'      => 'page',
				'post_name'      => $slug,
				'comment_status' => 'closed',
				'ping_status'    => 'closed',
				'filter'         => 'raw',
			)
		);
	}
}
