import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

/** Loads a script without what it imports, on a page that has no place for it. */
async function load( name, stubs = '' ) {
	globalThis.document = { querySelectorAll: () => [] };
	const source = await readFile( new URL( `../${ name }.js`, import.meta.url ), 'utf8' );
	return import( 'data:text/javascript,' + encodeURIComponent( stubs + source.replace( /^import .*$/gm, '' ) ) );
}

test( 'a button brings its code along, in the query when a fragment cannot hold it', async () => {
	globalThis.location = { href: 'https://x.test/spring/?utm=1#top' };
	const { withCode } = await load( 'coupon-box', 'const read = () => {};' );
	assert.equal( withCode( 'https://x.test/order/', 'BACK-1A' ), 'https://x.test/order/#coupon-BACK-1A' );
	assert.equal( withCode( '/order/?a=1#form', 'SPRING' ), 'https://x.test/order/?a=1#coupon-SPRING' );
	assert.equal( withCode( 'https://x.test/?tillside_buy=course', 'FRÜHLING' ), 'https://x.test/?tillside_buy=course&coupon=FR%C3%9CHLING' );
	assert.equal( withCode( '/order/', 'A--B' ), 'https://x.test/order/?coupon=A--B' );
} );

test( 'the code of a gift card is cleared from the address and from nowhere else', async () => {
	const cleared = [];
	globalThis.history = { state: null, replaceState: ( state, title, url ) => cleared.push( url ) };
	const { fromAddress } = await load( 'gift-card' );
	const at = ( hash ) => {
		globalThis.location = { hash, pathname: '/gift-card/', search: '?a=1' };
		return fromAddress();
	};
	assert.equal( at( '#card-GIFT-4TQW' ), 'GIFT-4TQW' );
	assert.equal( at( '#card-GIFT%204TQW' ), 'GIFT 4TQW' );
	assert.equal( at( '#card-100%' ), '100%' );
	assert.deepEqual( cleared, Array( 3 ).fill( '/gift-card/?a=1' ) );
	assert.equal( at( '#section' ), '' );
	assert.equal( at( '#card-' ), '' );
	assert.equal( cleared.length, 3 );
} );
