<?php
/**
 * The part of the status screen about browsers.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Admin;

use Tillside\Relay;
use Tillside\Sidecar;
use Tillside\Site;
use Tillside\Way;

defined( 'ABSPATH' ) || exit;

/**
 * Prints how browsers reach Tillside and how they could do it faster. The script asks this browser, too.
 */
final class WaysView {

	/**
	 * The browser's way.
	 *
	 * @var Way
	 */
	private Way $way;

	/**
	 * The relay's file.
	 *
	 * @var Relay
	 */
	private Relay $relay;

	/**
	 * Where Tillside is.
	 *
	 * @var Sidecar
	 */
	private Sidecar $sidecar;

	/**
	 * Addresses.
	 *
	 * @var Site
	 */
	private Site $site;

	/**
	 * Creates the view.
	 *
	 * @param Way     $way     The browser's way.
	 * @param Relay   $relay   The relay's file.
	 * @param Sidecar $sidecar Where Tillside is.
	 * @param Site    $site    Addresses.
	 */
	public function __construct( Way $way, Relay $relay, Sidecar $sidecar, Site $site ) {
		$this->way     = $way;
		$this->relay   = $relay;
		$this->sidecar = $sidecar;
		$this->site    = $site;
	}

	/**
	 * Prints the card.
	 */
	public function show(): void {
		$mode  = $this->way->mode();
		$fixed = defined( 'TILLSIDE_MODE' );
		echo '<section class="tillside-card"><h2>' . esc_html__( 'How browsers reach Tillside', 'tillside' ) . ' ';
		StatusView::badge( Way::REST === $mode ? 'warning' : 'ok', StatusView::way_name( $mode ) );
		echo '</h2>';
		if ( $fixed ) {
			echo '<p>' . esc_html__( 'Set by TILLSIDE_MODE in wp-config.php.', 'tillside' ) . '</p>';
		}
		printf( '<table class="widefat striped" data-tillside-ways data-home="%s" data-fixed="%d"><tbody>', esc_attr( $this->site->home() ), $fixed ? 1 : 0 );
		foreach ( $this->texts() as $way => $text ) {
			printf(
				'<tr data-way="%s" data-bases="%s"><th scope="row">%s</th><td>%s</td><td data-result>–</td></tr>',
				esc_attr( $way ),
				esc_attr( (string) wp_json_encode( $this->way->candidates()[ $way ] ) ),
				esc_html( StatusView::way_name( $way ) ),
				esc_html( $text )
			);
		}
		echo '</tbody></table><p class="description" data-tillside-said aria-live="polite"></p>';
		StatusView::form( 'probe' );
		echo '<p><button class="button">' . esc_html__( 'Probe again', 'tillside' ) . '</button></p></form>';
		$this->server();
		$this->relay();
		echo '</section>';
	}

	/** What each way is. */
	private function texts(): array {
		return array(
			Way::PROXY => __( 'The web server hands requests below /tillside/ to Tillside. Fastest; needs a few lines in its configuration.', 'tillside' ),
			Way::RELAY => __( 'A small must-use plugin answers before WordPress is fully loaded. Fast enough, no access to the web server needed.', 'tillside' ),
			Way::REST  => __( 'WordPress\'s REST API. Works on any host; every request loads all of WordPress.', 'tillside' ),
		);
	}

	/** The lines for the web server. */
	private function server(): void {
		if ( Way::PROXY === $this->way->mode() || '' === $this->sidecar->url() ) {
			return;
		}
		$path  = $this->site->home_path() . '/tillside/';
		$nginx = "location $path {\n\tproxy_pass {$this->sidecar->url()}/;\n\tproxy_set_header Host \$http_host;\n\tproxy_set_header X-Forwarded-For \$remote_addr;\n\tproxy_set_header X-Forwarded-Proto \$scheme;\n\tproxy_set_header X-Tillside-Authorization \"\";\n}";
		$caddy = "handle_path $path* {\n\treverse_proxy " . preg_replace( '#^https?://#', '', $this->sidecar->url() ) . " {\n\t\theader_up -X-Tillside-Authorization\n\t}\n}";
		echo '<details><summary>' . esc_html__( 'Lines for the web server', 'tillside' ) . '</summary>';
		foreach ( array(
			'nginx'  => $nginx,
			'Apache' => "ProxyPass $path {$this->sidecar->url()}/\nProxyPassReverse $path {$this->sidecar->url()}/\n<Location $path>\n\tRequestHeader unset X-Tillside-Authorization\n</Location>",
			'Caddy'  => $caddy,
		) as $name => $lines ) {
			echo '<p><strong>' . esc_html( $name ) . '</strong></p><pre class="tillside-lines">' . esc_html( $lines ) . '</pre>';
		}
		echo '</details>';
	}

	/** Installing and removing the relay. */
	private function relay(): void {
		if ( $this->relay->is_installed() ) {
			StatusView::form( 'relay_remove' );
			/* translators: %s: path of a file. */
			echo '<p class="description">' . esc_html( sprintf( __( 'The relay is installed: %s', 'tillside' ), Relay::path() ) ) . '</p><p><button class="button">' . esc_html__( 'Remove the relay', 'tillside' ) . '</button></p></form>';
			return;
		}
		if ( Way::PROXY === $this->way->mode() ) {
			return;
		}
		echo '<details><summary>' . esc_html__( 'Install the relay', 'tillside' ) . '</summary>';
		StatusView::form( 'relay_install' );
		/* translators: %s: path of a file. */
		$consent = sprintf( __( 'Yes, write the file %s. It only answers requests below /tillside/v1/; deleting the plugin deletes it too.', 'tillside' ), Relay::path() );
		echo '<p><label><input type="checkbox" name="consent" value="1" required> ' . esc_html( $consent ) . '</label></p><p><button class="button">' . esc_html__( 'Install the relay', 'tillside' ) . '</button></p></form></details>';
	}
}
