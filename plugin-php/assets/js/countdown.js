import { fill, make } from '@tillside/view';

const MINUTE = 60000;
const DAY = 24 * 60 * MINUTE;
const TELL = [ 10 * MINUTE, MINUTE ];
const two = ( number ) => String( number ).padStart( 2, '0' );

/** Writes a number of milliseconds: days while there are two or more, then hours, minutes and seconds. */
export function duration( left, lang ) {
	const seconds = Math.max( 0, Math.ceil( left / 1000 ) );
	const clock = `${ two( Math.floor( seconds / 3600 ) % 24 ) }:${ two( Math.floor( seconds / 60 ) % 60 ) }:${ two( seconds % 60 ) }`;
	if ( left < 2 * DAY ) {
		return `${ two( Math.floor( seconds / 3600 ) ) }:${ clock.slice( 3 ) }`;
	}
	return `${ new Intl.NumberFormat( lang, { style: 'unit', unit: 'day', unitDisplay: 'long' } ).format( Math.floor( seconds / 86400 ) ) } ${ clock }`;
}

/** Returns a function that says how long it is until a moment, by the server's clock: the visitor's may be wrong. */
export function clockOf( now, ticks = () => performance.now() ) {
	const offset = Date.parse( now ) - ticks();
	return ( moment ) => Date.parse( moment ) - offset - ticks();
}

/**
 * Counts down for the coupons of a quote, each in its element. A screen reader is told at ten minutes and at one, not
 * every second. At the end `over` is called once. Returns what stops it.
 */
export function countDown( elements, { coupons, now }, words, view, over ) {
	const left = clockOf( now );
	const lang = view.one( '[lang]' )?.lang || undefined;
	const running = coupons.flatMap( ( coupon, index ) => {
		if ( ! coupon.expires_at ) {
			return [];
		}
		const timer = make( 'time', '', { role: 'timer', 'aria-live': 'off', datetime: coupon.expires_at } );
		elements[ index ].append( timer );
		return [ { coupon, timer, before: left( coupon.expires_at ) } ];
	} );

	function tick() {
		for ( const one of running ) {
			const rest = left( one.coupon.expires_at );
			one.timer.textContent = fill( words.valid_for, { time: duration( rest, lang ) } );
			one.timer.toggleAttribute( 'data-soon', rest < TELL[ 0 ] );
			if ( TELL.some( ( at ) => one.before > at && rest <= at ) ) {
				view.say( `${ fill( words.coupon, one.coupon ) }: ${ one.timer.textContent }` );
			}
			one.before = rest;
			if ( rest <= 0 ) {
				clearInterval( beat );
				view.say( fill( words.ended, one.coupon ) );
				over();
				return;
			}
		}
	}

	const beat = setInterval( tick, 1000 );
	tick();
	return () => clearInterval( beat );
}
