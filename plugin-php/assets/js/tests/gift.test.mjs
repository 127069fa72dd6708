import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

const source = await readFile( new URL( '../gift-fields.js', import.meta.url ), 'utf8' );
const { day, minor } = await import( 'data:text/javascript,' + encodeURIComponent( source.replace( /^import .*$/gm, '' ) ) );

test( 'an amount becomes minor units of its own currency, exactly', () => {
	assert.equal( minor( '25', 2 ), 2500 );
	assert.equal( minor( '19.99', 2 ), 1999 );
	assert.equal( minor( '1.10', 2 ), 110 );
	assert.equal( minor( '8.04', 2 ), 804 ); // 8.04 * 100 is 803.9999…
	assert.equal( minor( '1.234', 3 ), 1234 );
	assert.equal( minor( '5000', 0 ), 5000 );
} );

test( 'a day is that of the visitor\'s calendar, also at the end of a month and in the evening', () => {
	const evening = new Date( 2026, 11, 31, 23, 59 );
	assert.equal( day( 0, evening ), '2026-12-31' );
	assert.equal( day( 1, evening ), '2027-01-01' );
	assert.equal( day( 365, evening ), '2027-12-31' );
} );
