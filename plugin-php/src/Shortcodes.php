<?php
/**
 * The shortcodes, each also a block.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Registers [tillside_order_form], [tillside_thank_you], [tillside_coupon], [tillside_gift_card] and their blocks.
 */
final class Shortcodes {

	/**
	 * Renders them.
	 *
	 * @var Renderer
	 */
	private Renderer $renderer;

	/**
	 * Creates the shortcodes.
	 *
	 * @param Renderer $renderer Renders them.
	 */
	public function __construct( Renderer $renderer ) {
		$this->renderer = $renderer;
	}

	/**
	 * Adds the hook.
	 */
	public function register(): void {
		add_action( 'init', array( $this, 'add' ) );
	}

	/**
	 * Adds shortcodes and blocks.
	 */
	public function add(): void {
		add_shortcode( 'tillside_order_form', array( $this, 'order_form' ) );
		add_shortcode( 'tillside_thank_you', array( $this, 'thank_you' ) );
		add_shortcode( 'tillside_coupon', array( $this, 'coupon' ) );
		add_shortcode( 'tillside_gift_card', array( $this, 'gift_card' ) );

		$folder = dirname( TILLSIDE_PLUGIN_FILE ) . '/blocks';
		wp_register_script(
			'tillside-blocks',
			plugins_url( 'blocks/editor.js', TILLSIDE_PLUGIN_FILE ),
			array( 'wp-blocks', 'wp-block-editor', 'wp-components', 'wp-element', 'wp-i18n' ),
			TILLSIDE_PLUGIN_VERSION,
			true
		);
		wp_set_script_translations( 'tillside-blocks', 'tillside', dirname( TILLSIDE_PLUGIN_FILE ) . '/languages' );
		register_block_type_from_metadata( $folder . '/order-form', array( 'render_callback' => array( $this, 'order_form_block' ) ) );
		register_block_type_from_metadata( $folder . '/thank-you', array( 'render_callback' => array( $this, 'thank_you_block' ) ) );
		register_block_type_from_metadata( $folder . '/coupon', array( 'render_callback' => array( $this, 'coupon_block' ) ) );
		register_block_type_from_metadata( $folder . '/gift-card', array( 'render_callback' => array( $this, 'gift_card_block' ) ) );
	}

	/**
	 * Renders [tillside_order_form offer="slug" coupon="" layout=""].
	 *
	 * @param array<string, string>|string $atts Attributes.
	 * @return string HTML.
	 */
	public function order_form( $atts ): string {
		$defaults = array(
			'offer'  => '',
			'coupon' => '',
			'layout' => '',
		);
		return $this->renderer->order_form( shortcode_atts( $defaults, (array) $atts, 'tillside_order_form' ) );
	}

	/**
	 * Renders [tillside_thank_you].
	 *
	 * @return string HTML.
	 */
	public function thank_you(): string {
		return $this->renderer->thank_you();
	}

	/**
	 * Renders [tillside_coupon offer="slug"].
	 *
	 * @param array<string, string>|string $atts Attributes.
	 * @return string HTML.
	 */
	public function coupon( $atts ): string {
		return $this->renderer->coupon( shortcode_atts( array( 'offer' => '' ), (array) $atts, 'tillside_coupon' ) );
	}

	/**
	 * Renders [tillside_gift_card].
	 *
	 * @return string HTML.
	 */
	public function gift_card(): string {
		return $this->renderer->gift_card();
	}

	/**
	 * Renders the block tillside/order-form.
	 *
	 * @param array<string, mixed> $atts Attributes.
	 * @return string HTML.
	 */
	public function order_form_block( $atts ): string {
		return $this->in_block( $this->renderer->order_form( (array) $atts ) );
	}

	/**
	 * Renders the block tillside/thank-you.
	 *
	 * @return string HTML.
	 */
	public function thank_you_block(): string {
		return $this->in_block( $this->renderer->thank_you() );
	}

	/**
	 * Renders the block tillside/coupon.
	 *
	 * @param array<string, mixed> $atts Attributes.
	 * @return string HTML.
	 */
	public function coupon_block( $atts ): string {
		return $this->in_block( $this->renderer->coupon( (array) $atts ) );
	}

	/**
	 * Renders the block tillside/gift-card.
	 *
	 * @return string HTML.
	 */
	public function gift_card_block(): string {
		return $this->in_block( $this->renderer->gift_card() );
	}

	/** Puts the block's own wrapper, with its alignment, around what there is. */
	private function in_block( string $html ): string {
		return '' === $html ? '' : '<div ' . get_block_wrapper_attributes() . '>' . $html . '</div>';
	}
}
