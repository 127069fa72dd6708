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
 * Puts the modules and the style of what is rendered on a page there, and on no other. Each file is a module of its own, so that an upgrade replaces all of them at once in browsers' caches.
 */
final class Assets {

	/** What each part loads beside its own module; the order form all that is not another part's. */
	private const PARTS = array(
		'order-form' => array(),
		'coupon-box' => array( 'api', 'brought', 'countdown', 'view' ),
		'gift-card'  => array( 'api', 'view' ),
	);

	/** Loaded when they are needed; the others come with the page. */
	private const LAZY = array( 'thank-you', 'access', 'card', 'coupon', 'countdown', 'brought', 'wait-list', 'dress', 'code-field', 'gift-fields', 'gift-payment' );

	/**
	 * Parts for which this request has done it.
	 *
	 * @var array<string, bool>
	 */
	private array $done = array();

	/**
	 * Enqueues a part's module and style.
	 *
	 * @param string $part Name of its module.
	 */
	public function enqueue( string $part ): void {
		if ( isset( $this->done[ $part ] ) ) {
			return;
		}
		$this->done[ $part ] = true;
		$imports             = array();
		foreach ( $this->modules( $part ) as $name => $kind ) {
			wp_register_script_module( '@tillside/' . $name, $this->url( "js/$name.js" ), array(), $this->version( "js/$name.js" ) );
			$imports[] = array(
				'id'     => '@tillside/' . $name,
				'import' => $kind,
			);
		}
		wp_enqueue_script_module( '@tillside/' . $part, $this->url( "js/$part.js" ), $imports, $this->version( "js/$part.js" ) );
		foreach ( array_unique( array( 'order-form', $part ) ) as $name ) {
			wp_enqueue_style( 'tillside-' . $name, $this->url( "css/$name.css" ), array(), $this->version( "css/$name.css" ) );
		}
	}

	/**
	 * The modules that a part imports.
	 *
	 * @param string $part Name of its module.
	 * @return array<string, string> How each is imported: static or dynamic.
	 */
	private function modules( string $part ): array {
		if ( self::PARTS[ $part ] ) {
			return array_fill_keys( self::PARTS[ $part ], 'static' );
		}
		$modules = array();
		foreach ( (array) glob( dirname( TILLSIDE_PLUGIN_FILE ) . '/assets/js/*.js' ) as $file ) {
			$name = basename( (string) $file, '.js' );
			if ( ! isset( self::PARTS[ $name ] ) ) {
				$modules[ $name ] = in_array( $name, self::LAZY, true ) ? 'dynamic' : 'static';
			}
		}
		return $modules;
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
