<?php
/**
 * Keeps most of PHP's workers for WordPress.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * A few slots for requests that PHP only hands on to Tillside. Each waits for Tillside and holds a worker meanwhile; with
 * all workers waiting, WordPress itself would stand still, and Tillside's own calls to it too. Slots are locked files:
 * the system frees them when a worker dies.
 */
final class Slots {

	private const DEFAULT = 4;

	/**
	 * Where the files are.
	 *
	 * @var string
	 */
	private string $folder;

	/**
	 * How many there are.
	 *
	 * @var int
	 */
	private int $count;

	/**
	 * The locked file.
	 *
	 * @var resource|null
	 */
	private $file = null;

	/**
	 * Creates the slots.
	 *
	 * @param string $folder Where the files are.
	 * @param int    $count  How many there are.
	 */
	public function __construct( string $folder, int $count ) {
		$this->folder = rtrim( $folder, '/\\' );
		$this->count  = $count;
	}

	/**
	 * The site's slots: TILLSIDE_PROXY_SLOTS, else half of the workers where PHP tells their number, else four.
	 *
	 * @param Site $site Addresses.
	 * @return self Slots.
	 */
	public static function of_site( Site $site ): self {
		$count = defined( 'TILLSIDE_PROXY_SLOTS' ) ? (int) TILLSIDE_PROXY_SLOTS : 0;
		if ( $count <= 0 && function_exists( 'fpm_get_status' ) ) {
			$pool  = fpm_get_status();
			// Only a static pool says how many it may have; the others say how many there are now.
			$count = is_array( $pool ) && 'static' === ( $pool['process-manager'] ?? '' ) ? max( 1, intdiv( (int) $pool['total-processes'], 2 ) ) : 0;
		}
		return new self( get_temp_dir() . 'tillside-' . substr( md5( ABSPATH . $site->home() ), 0, 12 ), $count > 0 ? $count : self::DEFAULT );
	}

	/**
	 * Takes a slot until release(), or until the process ends.
	 *
	 * @return bool Whether there was one. True also when the folder cannot be written: then nothing is counted.
	 */
	public function take(): bool {
		// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.PHP.NoSilencedErrors -- Locks of the system; wp_mkdir_p() and WP_Filesystem know none.
		if ( ! is_dir( $this->folder ) && ! @mkdir( $this->folder, 0700, true ) && ! is_dir( $this->folder ) ) {
			return true;
		}
		$first = random_int( 0, $this->count - 1 );
		for ( $n = 0; $n < $this->count; $n++ ) {
			$file = @fopen( $this->folder . '/slot-' . ( ( $first + $n ) % $this->count ), 'c' );
			if ( false === $file ) {
				return true;
			}
			if ( flock( $file, LOCK_EX | LOCK_NB ) ) {
				$this->file = $file;
				return true;
			}
			fclose( $file );
		}
		// phpcs:enable
		return false;
	}

	/**
	 * Gives the slot back.
	 */
	public function release(): void {
		if ( null !== $this->file ) {
			fclose( $this->file ); // phpcs:ignore WordPress.WP.AlternativeFunctions -- Unlocks.
			$this->file = null;
		}
	}
}
