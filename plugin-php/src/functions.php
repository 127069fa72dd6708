<?php
/**
 * Functions for themes and other plugins.
 *
 * @package Tillside
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

/**
 * Says whether a user has a tag.
 *
 * @param string|string[] $tag     A tag's name, with its letter case; of a list any.
 * @param int|null        $user_id User; null is who is logged in.
 * @return bool Whether it is there. Visitors have no tags.
 */
function tillside_user_has_tag( $tag, ?int $user_id = null ): bool {
	return \Tillside\Plugin::instance()->tags()->has_any( $user_id ?? get_current_user_id(), (array) $tag );
}
