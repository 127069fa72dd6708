import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

// The scripts are modules by how WordPress prints them, not by their file name.
const source = await readFile( new URL( '../api.js', import.meta.url ), 'utf8' );
const { call } = await import( 'data:text/javascript,' + encodeURIComponent( source ) );

/** Answers one request after the other; a number stands for a broken connection. */
function server( ...answers ) {
	const seen = [];
	globalThis.fetch = async ( url, options ) => {
		const answer = answers[ Math.min( seen.length, answers.length - 1 ) ];
		seen.push( { url, ...options } );
		if ( typeof answer === 'number' ) {
			throw new TypeError( 'fetch failed' );
		}
		return answer.clone();
	};
	return seen;
}

const json = ( status, body, headers ) => new Response( JSON.stringify( body ), { status, headers } );

test( 'a base with a query gets the path appended', async () => {
	const seen = server( json( 200, { ok: true } ) );
	await call( '/?rest_route=/tillside/v1/proxy' + '/v1/ping', null, { 'X-Tillside-Form': 'token' } );
	assert.equal( seen[ 0 ].url, '/?rest_route=/tillside/v1/proxy/v1/ping' );
	assert.equal( seen[ 0 ].method, 'GET' );
	assert.equal( seen[ 0 ].credentials, 'omit' );
	assert.equal( seen[ 0 ].headers[ 'X-Tillside-Form' ], 'token' );
} );

test( 'a 503 with Retry-After is sent again, with the same key', async () => {
	const seen = server( json( 503, { code: 'unavailable' }, { 'Retry-After': '0.01' } ), json( 200, { status: 'succeeded' } ) );
	assert.deepEqual( await call( '/pay', {}, { 'Idempotency-Key': 'k' } ), { status: 'succeeded' } );
	assert.deepEqual( seen.map( ( { headers } ) => headers[ 'Idempotency-Key' ] ), [ 'k', 'k' ] );
} );

test( 'an error carries the sentence, the field and the newer checkout', async () => {
	server( json( 409, { code: 'conflict', message: 'Changed.', field: 'contact.email', checkout: { version: 4 } } ) );
	await assert.rejects( call( '/patch', {} ), { status: 409, code: 'conflict', message: 'Changed.', field: 'email', checkout: { version: 4 }, lost: false } );
} );

test( 'only an answer that nobody can know of is lost', async () => {
	const cases = [
		[ 0, true ],
		[ new Response( '<h1>Bad gateway</h1>', { status: 502 } ), true ],
		[ new Response( 'busy', { status: 503 } ), true ],
		[ json( 500, { code: 'internal' } ), true ],
		[ new Response( '<p>a page</p>', { status: 200 } ), true ],
		[ json( 503, { code: 'unavailable' } ), false ],
		[ json( 400, { code: 'invalid' } ), false ],
	];
	for ( const [ answer, lost ] of cases ) {
		server( answer );
		await assert.rejects( call( '/pay', {} ), { lost } );
	}
} );
