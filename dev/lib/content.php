<?php
/**
 * Activates the plugin and makes the demo's pages, each once, found again by its slug.
 */

require __DIR__ . '/request.php';
require getcwd() . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';

wp_set_current_user( get_user_by( 'login', getenv( 'ADMIN_USER' ) )->ID );

$activated = activate_plugin( 'tillside/tillside.php' );
if ( is_wp_error( $activated ) ) {
	fwrite( STDERR, 'The plugin could not be activated: ' . $activated->get_error_message() . "\n" );
	exit( 1 );
}

$shortcode = static function ( string $text ): string {
	return "<!-- wp:shortcode -->\n" . $text . "\n<!-- /wp:shortcode -->";
};
$paragraph = static function ( string $text ): string {
	return "<!-- wp:paragraph -->\n<p>" . $text . "</p>\n<!-- /wp:paragraph -->";
};
$order     = static function ( string $offer ) use ( $shortcode ): string {
	return $shortcode( '[tillside_order_form offer="' . $offer . '"]' );
};
$pages     = array(
	'shop'         => array( 'Watercolour with Ada', $paragraph( 'Six weeks, one brush, no talent needed.' ) . $paragraph( '<a href="/order/">Order the course</a>' ) ),
	'order'        => array( 'Order the course', $order( 'demo-course' ) ),
	'order-cached' => array( 'Order the course (cached page)', $order( 'demo-course' ) ),
	'order-bundle' => array( 'Order the course with brushes', $order( 'demo-bundle' ) ),
	'order-free'   => array( 'The first lesson', $order( 'demo-free' ) ),
	'thank-you'    => array( 'Thank you', $shortcode( '[tillside_thank_you]' ) ),
	'start'        => array( 'Welcome to the course', $paragraph( 'This is where the course begins.' ) ),
);

// The default theme links every page in its header and nothing in its footer: a shop says what it sells.
$parts = array(
	'wp_navigation'    => array( 'demo-navigation', '<!-- wp:navigation-link {"label":"Order the course","url":"/order/","kind":"custom"} /-->' ),
	'wp_template_part' => array( 'footer', '<!-- wp:group {"style":{"spacing":{"padding":{"top":"var:preset|spacing|60","bottom":"var:preset|spacing|50"}}},"layout":{"type":"constrained"}} --><div class="wp-block-group" style="padding-top:var(--wp--preset--spacing--60);padding-bottom:var(--wp--preset--spacing--50)"><!-- wp:paragraph {"fontSize":"small"} --><p class="has-small-font-size">A demo shop: nothing here is charged, shipped or mailed.</p><!-- /wp:paragraph --></div><!-- /wp:group -->' ),
);
foreach ( $parts as $kind => list( $slug, $part_content ) ) {
	if ( get_posts( array( 'post_type' => $kind, 'name' => $slug ) ) ) {
		continue;
	}
	$made = wp_insert_post(
		array(
			'post_type'    => $kind,
			'post_status'  => 'publish',
			'post_name'    => $slug,
			'post_title'   => $slug,
			'post_content' => $part_content,
		)
	);
	if ( 'wp_template_part' === $kind ) {
		wp_set_object_terms( $made, get_stylesheet(), 'wp_theme' );
		wp_set_object_terms( $made, 'footer', 'wp_template_part_area' );
	}
}

foreach ( $pages as $slug => list( $page_title, $page_content ) ) {
	if ( null !== get_page_by_path( $slug ) ) {
		continue;
	}
	$made = wp_insert_post(
		array(
			'post_type'    => 'page',
			'post_status'  => 'publish',
			'post_name'    => $slug,
			'post_title'   => $page_title,
			'post_content' => $page_content,
		),
		true
	);
	if ( is_wp_error( $made ) ) {
		fwrite( STDERR, "The page $slug could not be made: " . $made->get_error_message() . "\n" );
		exit( 1 );
	}
	if ( 'shop' === $slug ) {
		update_option( 'show_on_front', 'page' );
		update_option( 'page_on_front', $made );
	}
}
flush_rewrite_rules( false );
