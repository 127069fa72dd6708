<?php
/**
 * Site Health.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Admin;

use Tillside\Client;
use Tillside\Keys;
use Tillside\Sidecar;
use Tillside\Way;

defined( 'ABSPATH' ) || exit;

/**
 * Tests and facts under Tools → Site Health.
 */
final class SiteHealth {

	/**
	 * HTTP client.
	 *
	 * @var Client
	 */
	private Client $client;

	/**
	 * Where Tillside is.
	 *
	 * @var Sidecar
	 */
	private Sidecar $sidecar;

	/**
	 * The browser's way.
	 *
	 * @var Way
	 */
	private Way $way;

	/**
	 * Keys.
	 *
	 * @var Keys
	 */
	private Keys $keys;

	/**
	 * Creates the tests.
	 *
	 * @param Client  $client  HTTP client.
	 * @param Sidecar $sidecar Where Tillside is.
	 * @param Way     $way     The browser's way.
	 * @param Keys    $keys    Keys.
	 */
	public function __construct( Client $client, Sidecar $sidecar, Way $way, Keys $keys ) {
		$this->client  = $client;
		$this->sidecar = $sidecar;
		$this->way     = $way;
		$this->keys    = $keys;
	}

	/**
	 * Adds the filters.
	 */
	public function register(): void {
		add_filter( 'site_status_tests', array( $this, 'add_tests' ) );
		add_filter( 'debug_information', array( $this, 'add_facts' ) );
	}

	/**
	 * Adds the tests.
	 *
	 * @param array<string, array<string, mixed>> $tests Tests.
	 * @return array<string, array<string, mixed>> Tests.
	 */
	public function add_tests( $tests ) {
		$tests['direct']['tillside_keys'] = array(
			'label' => __( 'Tillside\'s keys', 'tillside' ),
			'test'  => array( $this, 'test_keys' ),
		);
		foreach ( array(
			'reachable' => __( 'Connection to Tillside', 'tillside' ),
			'way'       => __( 'How browsers reach Tillside', 'tillside' ),
		) as $name => $label ) {
			$tests['async'][ 'tillside_' . $name ] = array(
				'label'             => $label,
				'test'              => rest_url( 'tillside/v1/admin/health/' . $name ),
				'has_rest'          => true,
				'async_direct_test' => array( $this, 'test_' . $name ),
			);
		}
		return $tests;
	}

	/**
	 * Tests where the keys are.
	 *
	 * @return array<string, mixed> Result.
	 */
	public function test_keys(): array {
		if ( '' === $this->keys->newest() ) {
			return self::result( 'tillside_keys', 'critical', __( 'Tillside has no usable keys', 'tillside' ), __( 'Without keys the site and Tillside cannot trust each other. Deactivate and activate the plugin, or correct TILLSIDE_KEYS.', 'tillside' ) );
		}
		if ( '' === Keys::configured() ) {
			return self::result( 'tillside_keys', 'recommended', __( 'Tillside\'s keys are in the database', 'tillside' ), __( 'Whoever gets a copy of the database could speak in the site\'s name. Move the option tillside_keys into wp-config.php as the constant TILLSIDE_KEYS, and give Tillside the same.', 'tillside' ) );
		}
		return self::result( 'tillside_keys', 'good', __( 'Tillside\'s keys are outside of the database', 'tillside' ), __( 'A copy of the database alone opens nothing.', 'tillside' ) );
	}

	/**
	 * Tests whether Tillside answers this server.
	 *
	 * @return array<string, mixed> Result.
	 */
	public function test_reachable(): array {
		$answer = $this->client->json( 'browser', 'GET', '/v1/ping' );
		if ( is_wp_error( $answer ) ) {
			$help = new Help( $this->sidecar );
			return self::result( 'tillside_reachable', 'critical', __( 'Tillside does not answer', 'tillside' ), $help->about( $answer ) . ' ' . __( 'Pages show the last good copy of their order forms; nobody can buy.', 'tillside' ) );
		}
		return self::result( 'tillside_reachable', 'good', __( 'Tillside answers', 'tillside' ), __( 'This server reaches Tillside.', 'tillside' ) );
	}

	/**
	 * Tries the ways in again.
	 *
	 * @return array<string, mixed> Result.
	 */
	public function test_way(): array {
		$report = $this->way->probe();
		$mode   = $this->way->mode();
		$works  = '' === ( $report[ $mode ] ?? '' );
		if ( ! $works && ! in_array( '', $report, true ) ) {
			return self::result( 'tillside_way', 'recommended', __( 'This server cannot see how browsers reach Tillside', 'tillside' ), __( 'No way in answers when the site calls itself. Browsers may fare better: open Tillside → Status, which asks yours.', 'tillside' ) );
		}
		if ( ! $works ) {
			return self::result( 'tillside_way', 'critical', __( 'Browsers may not reach Tillside', 'tillside' ), $report[ $mode ] );
		}
		if ( Way::REST === $mode ) {
			return self::result( 'tillside_way', 'recommended', __( 'Browsers reach Tillside by the slow way', 'tillside' ), __( 'Every step of an order goes through WordPress\'s REST API. Tillside → Status shows two faster ways.', 'tillside' ) );
		}
		return self::result( 'tillside_way', 'good', __( 'Browsers reach Tillside', 'tillside' ), Way::PROXY === $mode ? __( 'The web server hands their requests to Tillside.', 'tillside' ) : __( 'The relay hands their requests to Tillside.', 'tillside' ) );
	}

	/**
	 * Adds facts that help a helper.
	 *
	 * @param array<string, mixed> $info Sections.
	 * @return array<string, mixed> Sections.
	 */
	public function add_facts( $info ) {
		$seen             = $this->sidecar->last_seen();
		$info['tillside'] = array(
			'label'  => 'Tillside',
			'fields' => array(
				'plugin'  => array(
					'label' => __( 'Plugin', 'tillside' ),
					'value' => TILLSIDE_PLUGIN_VERSION,
				),
				'service' => array(
					'label' => __( 'Service', 'tillside' ),
					'value' => '' === $this->sidecar->version() ? __( 'unknown', 'tillside' ) : $this->sidecar->version(),
				),
				'seen'    => array(
					'label' => __( 'Last hello', 'tillside' ),
					'value' => $seen > 0 ? gmdate( 'c', $seen ) : __( 'never', 'tillside' ),
				),
				'mode'    => array(
					'label' => __( 'Way in', 'tillside' ),
					'value' => $this->way->mode(),
				),
				'url'     => array(
					'label'   => __( 'Address', 'tillside' ),
					'value'   => $this->sidecar->url(),
					'private' => true,
				),
				'keys'    => array(
					'label'   => __( 'Keys', 'tillside' ),
					'value'   => implode( ', ', $this->keys->ids() ) . ( '' === Keys::configured() ? ' (database)' : ' (configuration)' ),
					'private' => true,
				),
			),
		);
		return $info;
	}

	/** A result as Site Health wants it. */
	private static function result( string $test, string $status, string $label, string $text ): array {
		return array(
			'label'       => $label,
			'status'      => $status,
			'badge'       => array(
				'label' => 'Tillside',
				'color' => 'good' === $status ? 'green' : ( 'critical' === $status ? 'red' : 'orange' ),
			),
			'description' => '<p>' . esc_html( $text ) . '</p>',
			'actions'     => 'good' === $status ? '' : sprintf( '<p><a href="%s">%s</a></p>', esc_url( admin_url( 'admin.php?page=tillside' ) ), esc_html__( 'Open Tillside → Status', 'tillside' ) ),
			'test'        => $test,
		);
	}
}
