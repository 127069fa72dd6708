<?php
/**
 * For the browser tests: a request with X-Demo-Age is answered as the plugin would have answered that many seconds ago,
 * which is how a page cache gets an hour-old page without a test that waits an hour.
 */

namespace Tillside;

function time(): int {
	return \time() - (int) ( $_SERVER['HTTP_X_DEMO_AGE'] ?? 0 );
}
