<?php
/**
 * For the benchmark: a request with X-Bench gets the order form as text that was kept, in one of two ways.
 * "shortcode" runs all that a page with a shortcode runs, except what Tillside's own does; "html" has the text in the
 * page, as its author might have written it there.
 */

defined( 'ABSPATH' ) || exit;

$bench_way = $_SERVER['HTTP_X_BENCH'] ?? '';
if ( 'shortcode' === $bench_way ) {
	add_filter(
		'pre_do_shortcode_tag',
		static function ( $html, $tag ) {
			return 'tillside_order_form' === $tag ? file_get_contents( WP_CONTENT_DIR . '/bench.html' ) : $html;
		},
		10,
		2
	);
} elseif ( 'html' === $bench_way ) {
	add_filter(
		'the_content',
		static function ( $content ) {
			$block = "<!-- wp:html -->\n" . file_get_contents( WP_CONTENT_DIR . '/bench.html' ) . "\n<!-- /wp:html -->";
			return preg_replace( '/<!-- wp:shortcode -->.*?<!-- \/wp:shortcode -->/s', str_replace( '$', '\\$', $block ), $content );
		},
		0
	);
}

// Each request that reaches PHP leaves a byte, but for those by which Tillside and the cron of WordPress call.
if ( ! defined( 'DOING_CRON' ) && empty( $_SERVER['HTTP_X_TILLSIDE_AUTHORIZATION'] ) ) {
	file_put_contents( WP_CONTENT_DIR . '/bench-requests', '.', FILE_APPEND | LOCK_EX );
}
