<?php
/**
 * The page of a gift card.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Shows whoever holds a gift card its balance, and the card for printing, at /gift-card/. Which card, the browser knows.
 */
final class GiftCardPage {

	/**
	 * Renders it.
	 *
	 * @var Renderer
	 */
	private Renderer $renderer;

	/**
	 * Creates the page.
	 *
	 * @param Renderer $renderer Renders it.
	 */
	public function __construct( Renderer $renderer ) {
		$this->renderer = $renderer;
	}

	/**
	 * Adds the page to those of the theme.
	 *
	 * @param ThemePages $pages Pages.
	 */
	public function register( ThemePages $pages ): void {
		$pages->add( 'tillside_gift_card', '^gift-card/?$', 'gift-card', array( $this, 'build' ) );
	}

	/**
	 * Makes the page.
	 *
	 * @return array{title:string,html:string,url:string,away:bool} Page.
	 */
	public function build(): array {
		return array(
			'title' => __( 'Gift card', 'tillside' ),
			'html'  => $this->renderer->gift_card(),
			'url'   => '',
			'away'  => $this->renderer->was_away(),
		);
	}
}
