import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

const fill = 'export const fill = ( text, values ) => text; export const make = () => ({});';
const inline = ( source ) => 'data:text/javascript,' + encodeURIComponent( source );
const read = async ( name ) => readFile( new URL( `../${ name }.js`, import.meta.url ), 'utf8' );

const countdown = await import( inline( ( await read( 'countdown' ) ).replace( /^import .*$/m, fill ) ) );

test( 'a duration has days only while there are two or more', () => {
	const hour = 3600000;
	assert.equal( countdown.duration( 59000, 'en' ), '00:00:59' );
	assert.equal( countdown.duration( hour - 1, 'en' ), '01:00:00' );
	assert.equal( countdown.duration( 47 * hour, 'en' ), '47:00:00' );
	assert.equal( countdown.duration( 48 * hour, 'en' ), '2 days 00:00:00' );
	assert.equal( countdown.duration( 7 * 24 * hour + 61000, 'de' ), '7 Tage 00:01:01' );
	assert.equal( countdown.duration( -5000, 'en' ), '00:00:00' );
} );

test( 'the clock is the server\'s, whatever the visitor\'s says', () => {
	let ticks = 5000;
	const left = countdown.clockOf( '2026-05-01T12:00:00Z', () => ticks );
	assert.equal( left( '2026-05-01T12:01:00Z' ), 60000 );
	ticks += 10000;
	assert.equal( left( '2026-05-01T12:01:00Z' ), 50000 );
} );

/** Opens an address and returns what the visitor brings, and the address afterwards. */
async function visit( address, kept = null ) {
	const store = new Map( kept ? [ [ 'tillside:coupons', kept ] ] : [] );
	const keep = 'const tab = globalThis.tab; const keep = ( key, value ) => tab.set( key, value ); const recall = ( key ) => tab.get( key ) ?? null;';
	globalThis.tab = store;
	globalThis.addEventListener = () => {};
	globalThis.location = { href: address };
	globalThis.history = { state: null, replaceState: ( state, title, url ) => ( globalThis.location = { href: url } ) };
	const source = ( await read( 'brought' ) ).replace( /^import .*$/m, keep );
	const { brought, read: take } = await import( inline( source + `\n// ${ Math.random() }` ) );
	take();
	return { codes: brought.codes, link: brought.link, address: globalThis.location.href, kept: store.get( 'tillside:coupons' ) };
}

test( 'codes and tokens are taken out of the address, and nothing else', async () => {
	assert.deepEqual( await visit( 'https://x.test/o/?a=1#coupon-SPRING' ), { codes: [ 'SPRING' ], link: '', address: 'https://x.test/o/?a=1', kept: { codes: [ 'SPRING' ], link: '' } } );
	assert.deepEqual( ( await visit( 'https://x.test/o/#coupon-A-1--B' ) ).codes, [ 'A-1', 'B' ] );
	assert.deepEqual( ( await visit( 'https://x.test/o/?coupon=A,%20B&x=2' ) ), { codes: [ 'A', 'B' ], link: '', address: 'https://x.test/o/?x=2', kept: { codes: [ 'A', 'B' ], link: '' } } );
	assert.equal( ( await visit( 'https://x.test/o/#tl-ABC123' ) ).link, 'ABC123' );
	assert.equal( ( await visit( 'https://x.test/o/?tillside_link=ABC#top' ) ).address, 'https://x.test/o/#top' );
	assert.deepEqual( ( await visit( 'https://x.test/o/#section' ) ), { codes: [], link: '', address: 'https://x.test/o/#section', kept: undefined } );
	assert.deepEqual( ( await visit( 'https://x.test/o/#coupon-%E0%A4%A' ) ).codes, [ '%E0%A4%A' ] );
} );

test( 'a code that the tab keeps already is not brought twice', async () => {
	assert.deepEqual( ( await visit( 'https://x.test/#coupon-spring', { codes: [ 'SPRING' ], link: 'T' } ) ).codes, [ 'SPRING' ] );
} );
