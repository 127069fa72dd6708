<?php
/**
 * A page for each offer.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Shows an offer that has no page of its own at /buy/SLUG, or at /?tillside_buy=SLUG on a site with plain permalinks.
 */
final class BuyPage {

	private const RULE = '^buy/([a-z0-9]+(?:-[a-z0-9]+)*)/?$';

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
	 * Adds the page to those of the theme.
	 *
	 * @param ThemePages $pages Pages.
	 */
	public function register( ThemePages $pages ): void {
		$pages->add( 'tillside_buy', self::RULE, 'buy/%s', array( $this, 'build' ) );
	}

	/**
	 * Makes the page of an offer.
	 *
	 * @param string $offer Slug, as the address has it.
	 * @return array{title:string,html:string,url:string,away:bool}|null Page; null when there is no such offer.
	 */
	public function build( string $offer ): ?array {
		if ( strlen( $offer ) > 100 || ! preg_match( '/^[a-z0-9]+(-[a-z0-9]+)*\z/', $offer ) ) {
			return null;
		}
		$fragment = $this->fragments->get( 'order_form', array( 'offer' => $offer ) );
		$away     = is_wp_error( $fragment );
		if ( $away && in_array( $fragment->get_error_code(), array( 'tillside_not_found', 'tillside_invalid' ), true ) ) {
			return null;
		}
		$name = $away ? '' : (string) ( $fragment['name'] ?? '' );
		return array(
			'title' => '' === $name ? __( 'Order', 'tillside' ) : $name,
			'html'  => $this->renderer->order_form( array( 'offer' => $offer ) ),
			'url'   => $away ? '' : (string) ( $fragment['page'] ?? '' ),
			'away'  => $away,
		);
	}
}
