<?php
/**
 * Scripts and styles of the pages.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Puts the form's module and its style on a page, when and only when something is rendered there. Each file is a
 * module of its own, so that an upgrade replaces all of them at once in browsers' caches.
 */
final class Assets {

	private const ENTRY = 'order-form';

	/** Loaded when they are needed; the others come with the page. */
	private const LAZY = array( 'thank-you', 'access', 'card', 'coupon', 'countdown', 'brought', 'wait-list' );

	/**
	 * Whether this request has done it.
	 *
	 * @var bool
	 */
	private bool $done = false;

	/**
	 * Enqueues module and style.
	 */
	public function enqueue(): void {
		if ( $this->done ) {
			return;
		}
		$this->done = true;
		$modules    = array();
		foreach ( (array) glob( dirname( TILLSIDE_PLUGIN_FILE ) . '/assets/js/*.js' ) as $file ) {
			$modules[] = basename( (string) $file, '.js' );
		}
		$imports = array();
		foreach ( array_diff( $modules, array( self::ENTRY ) ) as $name ) {
			wp_register_script_module( '@tillside/' . $name, $this->url( "js/$name.js" ), array(), $this->version( "js/$name.js" ) );
			$imports[] = array(
				'id'     => '@tillside/' . $name,
				'import' => in_array( $name, self::LAZY, true ) ? 'dynamic' : 'static',
			);
		}
		$entry = 'js/' . self::ENTRY . '.js';
		wp_enqueue_script_module( '@tillside/' . self::ENTRY, $this->url( $entry ), $imports, $this->version( $entry ) );
		wp_enqueue_style( 'tillside-order-form', $this->url( 'css/order-form.css' ), array(), $this->version( 'css/order-form.css' ) );
	}

	/** Address of a file in assets. */
	private function url( string $file ): string {
		return plugins_url( 'assets/' . $file, TILLSIDE_PLUGIN_FILE );
	}

	/** The plugin's version; while developing the file's own time. */
	private function version( string $file ): string {
		$time = defined( 'WP_DEBUG' ) && WP_DEBUG ? (int) @filemtime( dirname( TILLSIDE_PLUGIN_FILE ) . '/assets/' . $file ) : 0; // phpcs:ignore WordPress.PHP.NoSilencedErrors -- A missing file is no reason to stop.
		return $time > 0 ? (string) $time : TILLSIDE_PLUGIN_VERSION;
	}
}
