<?php
/**
 * Puts Tillside's forms into pages.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Renders what shortcodes and blocks show: one line, the same for every visitor, no script and nothing personal in it.
 */
final class Renderer {

	/**
	 * HTML.
	 *
	 * @var Fragments
	 */
	private Fragments $fragments;

	/**
	 * Signs form tokens.
	 *
	 * @var Token
	 */
	private Token $token;

	/**
	 * The browser's way to Tillside.
	 *
	 * @var Way
	 */
	private Way $way;

	/**
	 * Scripts and styles.
	 *
	 * @var Assets
	 */
	private Assets $assets;

	/**
	 * Where offers are shown.
	 *
	 * @var Pages
	 */
	private Pages $pages;

	/**
	 * Addresses.
	 *
	 * @var Site
	 */
	private Site $site;

	/**
	 * How many forms this request has rendered.
	 *
	 * @var int
	 */
	private int $count = 0;

	/**
	 * Whether Tillside was away for something of this request.
	 *
	 * @var bool
	 */
	private bool $was_away = false;

	/**
	 * Creates the renderer.
	 *
	 * @param Fragments $fragments HTML.
	 * @param Token     $token     Signs form tokens.
	 * @param Way       $way       The browser's way to Tillside.
	 * @param Assets    $assets    Scripts and styles.
	 * @param Pages     $pages     Where offers are shown.
	 * @param Site      $site      Addresses.
	 */
	public function __construct( Fragments $fragments, Token $token, Way $way, Assets $assets, Pages $pages, Site $site ) {
		$this->fragments = $fragments;
		$this->token     = $token;
		$this->way       = $way;
		$this->assets    = $assets;
		$this->pages     = $pages;
		$this->site      = $site;
	}

	/**
	 * Renders an order form.
	 *
	 * @param array<string, mixed> $atts offer, coupon, layout; hostile, since contributors write them.
	 * @return string HTML.
	 */
	public function order_form( array $atts ): string {
		$offer  = self::word( $atts['offer'] ?? '', '/^[a-z0-9]+(-[a-z0-9]+)*\z/', 100 );
		$layout = self::word( $atts['layout'] ?? '', '/^[a-z0-9_-]+\z/', 32 );
		$coupon = self::word( $atts['coupon'] ?? '', '/^[^<>"\'\\\\]+\z/u', 64 );
		if ( '' === $offer ) {
			return $this->explain( __( 'This order form needs the name of an offer, such as [tillside_order_form offer="my-course"]: lower-case letters, digits and hyphens.', 'tillside' ) );
		}
		$query    = array_filter(
			array(
				'offer'  => $offer,
				'layout' => $layout,
				'coupon' => $coupon,
			),
			'strlen'
		);
		$fragment = $this->fragments->get( 'order_form', $query );
		if ( is_wp_error( $fragment ) ) {
			return $this->failed( $fragment, __( 'The order form cannot be shown right now. Please reload this page in a few minutes.', 'tillside' ), $offer );
		}
		$page = $this->page();
		foreach ( array_unique( array_filter( array( $offer, $fragment['offer'] ?? '' ), 'strlen' ) ) as $slug ) {
			$this->pages->remember( $page, $slug );
		}
		$instance = $this->instance();
		$token    = $this->token->form( $offer, $instance, $page > 0 ? (string) get_permalink( $page ) : '', $coupon, $layout );
		return $this->wrap( 'order_form', 'order-form', $instance, $token, $fragment['html'] );
	}

	/**
	 * Renders the thank-you page. Which order it shows, the browser finds out.
	 *
	 * @return string HTML.
	 */
	public function thank_you(): string {
		$fragment = $this->fragments->get( 'thank_you', array() );
		if ( is_wp_error( $fragment ) ) {
			return $this->failed( $fragment, __( 'Your order cannot be shown right now. Please reload this page in a few minutes.', 'tillside' ) );
		}
		return $this->wrap( 'thank_you', 'order-form', $this->instance(), '', $fragment['html'] );
	}

	/**
	 * Renders the place for a visitor's coupons. Which they are, the browser finds out; without any, nothing is seen.
	 *
	 * @param array<string, mixed> $atts offer; hostile, since contributors write it.
	 * @return string HTML.
	 */
	public function coupon( array $atts ): string {
		$offer    = self::word( $atts['offer'] ?? '', '/^[a-z0-9]+(-[a-z0-9]+)*\z/', 100 );
		$fragment = $this->fragments->get( 'coupon', '' === $offer ? array() : array( 'offer' => $offer ) );
		if ( is_wp_error( $fragment ) ) {
			return $this->failed( $fragment, '', $offer );
		}
		return $this->wrap( 'coupon', 'coupon-box', $this->instance(), '', $fragment['html'] );
	}

	/**
	 * Renders the page of a gift card's holder.
	 *
	 * @return string HTML.
	 */
	public function gift_card(): string {
		$fragment = $this->fragments->get( 'gift_card', array() );
		if ( is_wp_error( $fragment ) ) {
			return $this->failed( $fragment, __( 'Gift cards cannot be shown right now. Please reload this page in a few minutes.', 'tillside' ) );
		}
		return $this->wrap( 'gift_card', 'gift-card', $this->instance(), '', $fragment['html'] );
	}

	/**
	 * Reports whether Tillside was away for something of this request.
	 *
	 * @return bool Answer.
	 */
	public function was_away(): bool {
		return $this->was_away;
	}

	/** Prints the wrapper that the script looks for. */
	private function wrap( string $name, string $part, string $instance, string $token, string $html ): string {
		$this->assets->enqueue( $part );
		if ( $this->fragments->was_live() ) {
			$this->way->probe_when_done();
		}
		return sprintf(
			'<div class="tillside" data-tillside="%s" data-base="%s"%s data-instance="%s" data-session="%s">%s</div>',
			esc_attr( $name ),
			esc_attr( $this->way->base() ),
			'' === $token ? '' : ' data-token="' . esc_attr( $token ) . '"',
			esc_attr( $instance ),
			esc_attr( $this->site->relative( admin_url( 'admin-ajax.php?action=tillside_session' ) ) ),
			str_replace( Fragments::INSTANCE, $instance, $html ) // Tillside has escaped it.
		);
	}

	/** Says what a person can do about a fragment that did not come; sorry is for visitors, "" leaves them out. */
	private function failed( WP_Error $why, string $sorry, string $offer = '' ): string {
		if ( 'tillside_not_found' === $why->get_error_code() && '' !== $offer ) {
			/* translators: %s: slug of an offer. */
			return $this->explain( sprintf( __( 'There is no offer “%s”.', 'tillside' ), $offer ) );
		}
		if ( in_array( $why->get_error_code(), array( 'tillside_not_found', 'tillside_invalid' ), true ) ) {
			return $this->explain( $why->get_error_message() );
		}
		// A page cache must not keep this for hours.
		if ( ! defined( 'DONOTCACHEPAGE' ) ) {
			define( 'DONOTCACHEPAGE', true ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals -- The name that page caches look for.
		}
		$this->was_away = true;
		/* translators: %s: what went wrong. */
		$reason = $this->may_see_why() ? sprintf( __( 'Tillside does not answer: %s', 'tillside' ), $why->get_error_message() ) : '';
		$texts  = ( '' === $sorry ? '' : '<p>' . esc_html( $sorry ) . '</p>' ) . ( '' === $reason ? '' : '<p><small>' . esc_html( $reason ) . '</small></p>' );
		return '' === $texts ? '' : '<div class="tillside">' . $texts . '</div>';
	}

	/** Tells those who may edit the page; visitors see nothing. */
	private function explain( string $text ): string {
		if ( ! $this->may_see_why() ) {
			return '';
		}
		return '<div class="tillside"><p><strong>Tillside:</strong> ' . esc_html( $text ) . ' <small>' . esc_html__( 'Visitors do not see this.', 'tillside' ) . '</small></p></div>';
	}

	/** Reports whether the visitor may edit this page. */
	private function may_see_why(): bool {
		$page = $this->page();
		return $page > 0 ? current_user_can( 'edit_post', $page ) : current_user_can( 'edit_pages' );
	}

	/** The post whose page this is, or 0. */
	private function page(): int {
		if ( is_singular() ) {
			return (int) get_queried_object_id();
		}
		return (int) get_the_ID();
	}

	/** An id that no other form on the page has. */
	private function instance(): string {
		++$this->count;
		return 'tillside-' . $this->count;
	}

	/**
	 * Cleans an attribute. Curly quotes become part of a value when a text editor replaced the straight ones.
	 *
	 * @param mixed  $value   Attribute.
	 * @param string $pattern What it must look like.
	 * @param int    $length  The most characters.
	 * @return string Value, or "".
	 */
	private static function word( $value, string $pattern, int $length ): string {
		$text = is_scalar( $value ) ? sanitize_text_field( html_entity_decode( (string) $value, ENT_QUOTES, 'UTF-8' ) ) : '';
		$text = trim( str_replace( array( '“', '”', '„', '‟', '‘', '’', '‚', '«', '»', '″', '"' ), '', $text ) );
		return mb_strlen( $text ) <= $length && preg_match( $pattern, $text ) ? $text : '';
	}
}
