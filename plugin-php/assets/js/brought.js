import { keep, recall } from '@tillside/api';

const KEY = 'tillside:coupons';

/** What the visitor brings: codes, and the token of a magic link. It stays with the tab until it is used. */
export const brought = { codes: [], link: '', ...recall( KEY ) };

export const store = () => keep( KEY, brought.codes.length || brought.link ? brought : null );
const key = ( code ) => code.toUpperCase().replace( /[\s-]/g, '' );

/** Reports whether two texts are one code: letter case, spaces and hyphens do not count. */
export const same = ( one, other ) => key( one ) === key( other );
export const add = ( codes ) => codes.filter( Boolean ).forEach( ( code ) => brought.codes.some( ( one ) => same( one, code ) ) || brought.codes.push( code ) );
export const drop = ( code ) => ( brought.codes = brought.codes.filter( ( one ) => ! same( one, code ) ) );

/** Takes codes and a link's token out of the address. Returns whether there were any. */
export function read() {
	const address = new URL( location.href );
	const query = address.searchParams;
	const [ , coupon, token ] = /^#(?:coupon-([^&]+)|tl-([A-Za-z0-9]+))/.exec( address.hash ) ?? [];
	const found = coupon || token || query.has( 'coupon' ) || query.has( 'tillside_link' );
	if ( ! found ) {
		return false;
	}
	let named = coupon ?? '';
	try {
		named = decodeURIComponent( named );
	} catch {} // A % that stands for itself.
	add( [ ...named.split( '--' ), ...( query.get( 'coupon' ) ?? '' ).split( ',' ) ].map( ( code ) => code.trim() ) );
	brought.link = token || query.get( 'tillside_link' ) || brought.link;
	query.delete( 'coupon' );
	query.delete( 'tillside_link' );
	if ( coupon || token ) {
		address.hash = '';
	}
	history.replaceState( history.state, '', address.href.replace( /#$/, '' ) );
	store();
	return true;
}

const followers = [];

/** Calls a function each time the visitor brings something while the page is open. */
export const follow = ( then ) => followers.push( then );

addEventListener( 'hashchange', () => read() && followers.forEach( ( then ) => then() ) );
