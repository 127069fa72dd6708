<?php
/**
 * HTML of the status screen.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Admin;

use Tillside\Sidecar;
use Tillside\Way;
use WP_Error;

defined( 'ABSPATH' ) || exit;

/**
 * Prints the status screen. It holds no secret: keys are typed in and never come back.
 */
final class StatusView {

	/**
	 * Where Tillside is.
	 *
	 * @var Sidecar
	 */
	private Sidecar $sidecar;

	/**
	 * Advice.
	 *
	 * @var Help
	 */
	private Help $help;

	/**
	 * The part about ways in.
	 *
	 * @var WaysView
	 */
	private WaysView $ways;

	/**
	 * Creates the view.
	 *
	 * @param Sidecar  $sidecar Where Tillside is.
	 * @param Help     $help    Advice.
	 * @param WaysView $ways    The part about ways in.
	 */
	public function __construct( Sidecar $sidecar, Help $help, WaysView $ways ) {
		$this->sidecar = $sidecar;
		$this->help    = $help;
		$this->ways    = $ways;
	}

	/**
	 * Prints the screen.
	 *
	 * @param array<string, mixed>|WP_Error $status What Tillside says about itself, or why it does not.
	 * @param array<string, string>         $notice Type and text of what a button did; may be empty.
	 */
	public function show( $status, array $notice ): void {
		echo '<div class="wrap tillside-status"><h1>' . esc_html__( 'Tillside', 'tillside' ) . '</h1><hr class="wp-header-end">';
		if ( isset( $notice['type'], $notice['text'] ) ) {
			wp_admin_notice(
				esc_html( $notice['text'] ),
				array(
					'type'        => 'error' === $notice['type'] ? 'error' : 'success',
					'dismissible' => true,
				)
			);
		}
		$answers = is_array( $status );
		$fenced  = $answers && 'mismatch' === ( $status['fence']['state'] ?? '' );
		if ( $fenced ) {
			$this->fence( (array) $status['fence'] );
		}
		$this->connection( $status );
		if ( $answers && ! $fenced ) { // No keys are taken before the decision.
			$this->stripe( (array) ( $status['gateway'] ?? array() ) );
		}
		$this->ways->show();
		if ( $answers ) {
			$this->checks( (array) ( $status['checks'] ?? array() ) );
		}
		$this->data();
		echo '</div>';
	}

	/**
	 * The name of a way in, for people.
	 *
	 * @param string $way Way.
	 * @return string Name.
	 */
	public static function way_name( string $way ): string {
		$names = array(
			Way::PROXY => __( 'Web server', 'tillside' ),
			Way::RELAY => __( 'Relay', 'tillside' ),
			Way::REST  => __( 'REST API', 'tillside' ),
		);
		return $names[ $way ] ?? $way;
	}

	/**
	 * Begins the form of a button.
	 *
	 * @param string $action Action without its prefix.
	 */
	public static function form( string $action ): void {
		printf( '<form method="post" action="%s"><input type="hidden" name="action" value="tillside_%s">', esc_url( admin_url( 'admin-post.php' ) ), esc_attr( $action ) );
		wp_nonce_field( 'tillside_' . $action );
	}

	/**
	 * Prints a word in the colour of its state.
	 *
	 * @param string $state ok, warning or error.
	 * @param string $text  Word.
	 */
	public static function badge( string $state, string $text ): void {
		printf( '<span class="tillside-badge is-%s">%s</span>', esc_attr( in_array( $state, array( 'ok', 'warning' ), true ) ? $state : 'error' ), esc_html( $text ) );
	}

	/** Whether Tillside answers, and what to do if not. */
	private function connection( $status ): void {
		echo '<section class="tillside-card"><h2>' . esc_html__( 'Connection', 'tillside' ) . ' ';
		if ( is_wp_error( $status ) ) {
			self::badge( 'error', __( 'Tillside does not answer', 'tillside' ) );
			echo '</h2><p>' . esc_html( $this->help->about( $status ) ) . '</p><dl class="tillside-commands">';
			foreach ( $this->help->commands() as $label => $command ) {
				echo '<dt>' . esc_html( $label ) . '</dt><dd><code>' . esc_html( $command ) . '</code></dd>';
			}
			echo '</dl><p>' . esc_html__( 'Meanwhile pages show the last good copy of their order forms. Nothing that was paid is lost.', 'tillside' ) . '</p>';
			$facts = array();
		} else {
			self::badge( 'ok', __( 'Connected', 'tillside' ) );
			echo '</h2>';
			$facts = array(
				__( 'Tillside', 'tillside' )     => $status['version'] ?? '',
				__( 'Database', 'tillside' )     => $status['database']['version'] ?? '',
				__( 'Jobs waiting', 'tillside' ) => number_format_i18n( (int) ( $status['jobs']['waiting'] ?? 0 ) ),
				__( 'Jobs given up', 'tillside' ) => number_format_i18n( (int) ( $status['jobs']['dead'] ?? 0 ) ),
			);
		}
		$seen   = $this->sidecar->last_seen();
		$facts += array(
			__( 'Plugin', 'tillside' )     => TILLSIDE_PLUGIN_VERSION,
			__( 'Last hello', 'tillside' ) => $seen > 0
				/* translators: %s: how long ago, such as "5 minutes". */
				? sprintf( __( '%s ago', 'tillside' ), human_time_diff( $seen ) )
				: __( 'never', 'tillside' ),
			__( 'Address', 'tillside' )    => $this->sidecar->url(),
		);
		self::facts( $facts );
		echo '</section>';
	}

	/** The question of a site that is not where it was. */
	private function fence( array $fence ): void {
		echo '<section class="tillside-card is-error"><h2>' . esc_html__( 'This site was copied or moved', 'tillside' ) . '</h2><p>'
			. esc_html__( 'Its address or its database is not the one that Tillside remembers. Until you decide, nothing leaves this machine: no charge, no mail, no tag.', 'tillside' ) . '</p>';
		$names = array(
			'home'     => __( 'Address', 'tillside' ),
			'database' => __( 'Database', 'tillside' ),
			'host'     => __( 'Database server', 'tillside' ),
		);
		echo '<table class="widefat striped"><thead><tr><td></td><th scope="col">' . esc_html__( 'Remembered', 'tillside' ) . '</th><th scope="col">' . esc_html__( 'Now', 'tillside' ) . '</th></tr></thead><tbody>';
		foreach ( $names as $key => $name ) {
			printf( '<tr><th scope="row">%s</th><td>%s</td><td>%s</td></tr>', esc_html( $name ), esc_html( (string) ( $fence['remembered'][ $key ] ?? '' ) ), esc_html( (string) ( $fence['now'][ $key ] ?? '' ) ) );
		}
		echo '</tbody></table>';
		self::form( 'fence' );
		echo '<p class="tillside-buttons"><button class="button button-primary" name="decision" value="moved">' . esc_html__( 'It moved: this is the shop now', 'tillside' ) . '</button> '
			. '<button class="button" name="decision" value="copy">' . esc_html__( 'It is a copy: start anew, without the payment keys', 'tillside' ) . '</button></p></form></section>';
	}

	/** Stripe's state and the form for its keys. */
	private function stripe( array $gateway ): void {
		$mode = (string) ( $gateway['mode'] ?? '' );
		echo '<section class="tillside-card"><h2>' . esc_html__( 'Stripe', 'tillside' ) . ' ';
		if ( '' === $mode ) {
			self::badge( 'warning', __( 'Not set up', 'tillside' ) );
		} elseif ( 'live' === $mode ) {
			self::badge( 'ok', __( 'Live', 'tillside' ) );
		} else {
			self::badge( 'warning', __( 'Test mode', 'tillside' ) );
		}
		echo '</h2>';
		if ( '' !== $mode ) {
			$webhooks = array(
				'ok'      => __( 'Stripe calls this site', 'tillside' ),
				'polling' => __( 'Stripe cannot call this site; Tillside asks Stripe regularly', 'tillside' ),
				'none'    => __( 'none yet', 'tillside' ),
			);
			$webhook  = (string) ( $gateway['webhook'] ?? '' );
			self::facts(
				array(
					__( 'Account', 'tillside' ) => (string) ( $gateway['account'] ?? '' ),
					__( 'Webhook', 'tillside' ) => $webhooks[ $webhook ] ?? $webhook,
				)
			);
		}
		echo '<details' . ( '' === $mode ? ' open' : '' ) . '><summary>' . ( '' === $mode ? esc_html__( 'Enter the keys', 'tillside' ) : esc_html__( 'Replace the keys', 'tillside' ) ) . '</summary>';
		self::form( 'stripe' );
		self::key_field( 'publishable_key', __( 'Publishable key', 'tillside' ), 'text', 'pk_test_…' );
		self::key_field( 'secret_key', __( 'Secret key', 'tillside' ), 'password', 'sk_test_…' );
		echo '<p class="description">' . esc_html__( 'In Stripe\'s dashboard under Developers → API keys. Tillside stores them encrypted; they are not shown again.', 'tillside' ) . '</p>'
			. '<p><button class="button button-primary">' . esc_html__( 'Save keys', 'tillside' ) . '</button></p></form></details></section>';
	}

	/** A field for a key. */
	private static function key_field( string $name, string $label, string $type, string $example ): void {
		printf(
			'<p><label for="tillside-%1$s">%2$s</label><br><input class="regular-text code" type="%3$s" id="tillside-%1$s" name="%1$s" placeholder="%4$s" autocomplete="off" spellcheck="false" required></p>',
			esc_attr( $name ),
			esc_html( $label ),
			esc_attr( $type ),
			esc_attr( $example )
		);
	}

	/** What Tillside has looked at. */
	private function checks( array $checks ): void {
		$words = array(
			'ok'      => __( 'Good', 'tillside' ),
			'warning' => __( 'Look', 'tillside' ),
			'error'   => __( 'Mend', 'tillside' ),
		);
		echo '<section class="tillside-card"><h2>' . esc_html__( 'Checks', 'tillside' ) . '</h2><ul class="tillside-checks">';
		foreach ( $checks as $check ) {
			$state = (string) ( $check['status'] ?? '' );
			$state = isset( $words[ $state ] ) ? $state : 'error';
			echo '<li>';
			self::badge( $state, $words[ $state ] );
			printf( '<div><strong>%s</strong> %s', esc_html( (string) ( $check['name'] ?? '' ) ), esc_html( (string) ( $check['message'] ?? '' ) ) );
			if ( ! empty( $check['mend'] ) ) {
				printf( '<p class="description">%s</p>', esc_html( (string) $check['mend'] ) );
			}
			echo '</div></li>';
		}
		echo '</ul></section>';
	}

	/** What deleting the plugin deletes. */
	private function data(): void {
		echo '<section class="tillside-card"><h2>' . esc_html__( 'When the plugin is deleted', 'tillside' ) . '</h2>';
		self::form( 'delete_data' );
		printf(
			'<p><label><input type="checkbox" name="delete_data" value="1"%s> %s</label></p><p class="description">%s</p><p><button class="button">%s</button></p></form></section>',
			checked( '1', (string) get_option( StatusActions::DELETE_DATA, '' ), false ),
			esc_html__( 'Delete all orders, buyers and settings of Tillside too', 'tillside' ),
			esc_html__( 'Orders are business records that many laws want kept. Without the tick they stay in the database.', 'tillside' ),
			esc_html__( 'Save', 'tillside' )
		);
	}

	/** A list of names and values. */
	private static function facts( array $facts ): void {
		echo '<dl class="tillside-facts">';
		foreach ( $facts as $name => $value ) {
			if ( '' !== (string) $value ) {
				echo '<div><dt>' . esc_html( $name ) . '</dt><dd>' . esc_html( (string) $value ) . '</dd></div>';
			}
		}
		echo '</dl>';
	}
}
