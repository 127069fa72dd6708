// What the browser tests know of the site they run against.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export const infoFile = process.env.TILLSIDE_INFO ?? '.demo/e2e/info.json';

/** The site's own description of itself, as make demo writes it. */
export const info = JSON.parse( readFileSync( infoFile, 'utf8' ) );

const folder = resolve( dirname( infoFile ) );

/** Where screenshots are kept for people to look at. */
export const screenshots = resolve( '.demo/screenshots' );

/** An address for a buyer that nobody had before. */
export function freshEmail( name = 'ada' ) {
	return `${ name }.${ Date.now().toString( 36 ) }${ Math.floor( Math.random() * 1296 ).toString( 36 ) }@example.com`;
}

/** Asks again until the question is answered with something true, and returns that; fails with what was awaited. */
export async function until( what, question, seconds = 15 ) {
	const end = Date.now() + seconds * 1000;
	for ( ;; ) {
		const answer = await question();
		if ( answer ) {
			return answer;
		}
		if ( Date.now() > end ) {
			throw new Error( `${ what }: not within ${ seconds } seconds` );
		}
		await wait( 100 );
	}
}

/** The mails that the site sent to an address: { subject, text }, the oldest first; text is the whole mail, decoded. */
export function mailsTo( email ) {
	const mails = join( folder, 'mail' );
	if ( ! existsSync( mails ) ) {
		return [];
	}
	return readdirSync( mails )
		.filter( ( name ) => name.endsWith( '.eml' ) )
		.sort()
		.map( ( name ) => readFileSync( join( mails, name ), 'utf8' ) )
		.filter( ( text ) => new RegExp( `^To:.*${ email.replace( /[.+]/g, '\\$&' ) }`, 'im' ).test( text ) )
		.map( ( text ) => ( { subject: decodeWords( /^Subject: (.*(?:\r?\n[ \t].*)*)/im.exec( text )?.[ 1 ] ?? '' ), text: decodeParts( text ) } ) );
}

function decodeWords( header ) {
	return header
		.replace( /\r?\n[ \t]+/g, ' ' )
		.replace( /\?=\s+=\?/g, '?==?' )
		.replace( /=\?utf-8\?([bq])\?([^?]*)\?=/gi, ( _, kind, word ) =>
			'b' === kind.toLowerCase() ? Buffer.from( word, 'base64' ).toString() : decodeQuoted( word.replaceAll( '_', ' ' ) )
		);
}

function decodeQuoted( text ) {
	const bytes = text.replace( /=\r?\n/g, '' ).replace( /=([0-9A-F]{2})/gi, ( _, hex ) => String.fromCharCode( parseInt( hex, 16 ) ) );
	return /[^\x00-\xff]/.test( bytes ) ? bytes : Buffer.from( bytes, 'latin1' ).toString();
}

function decodeParts( text ) {
	return text
		.split( /^--.*$/m )
		.map( ( part ) => {
			const encoding = /^Content-Transfer-Encoding: *(\S+)/im.exec( part )?.[ 1 ]?.toLowerCase();
			const [ head, ...body ] = part.trimStart().split( /\r?\n\r?\n/ );
			if ( 'base64' === encoding ) {
				return head + '\n\n' + Buffer.from( body.join( '' ), 'base64' ).toString();
			}
			return 'quoted-printable' === encoding ? head + '\n\n' + decodeQuoted( body.join( '\n\n' ) ) : part;
		} )
		.join( '\n' );
}

/** Rows of a query on the site's database, each a list of strings; {orders} is Tillside's table, {{users}} WordPress's. */
export function sql( query, database = info.db_name ) {
	const text = query
		.replace( /\{\{(\w+)\}\}/g, `${ info.table_prefix }$1` )
		.replace( /\{(\w+)\}/g, `${ info.table_prefix }tillside_$1` );
	const out = execFileSync( 'mariadb', [ '--no-defaults', `--socket=${ info.db_socket }`, '-N', '-B', database, '-e', text ], {
		encoding: 'utf8',
	} );
	return out
		.split( '\n' )
		.filter( Boolean )
		.map( ( line ) => line.split( '\t' ) );
}

/** One of the sandbox's control calls, such as sandbox( 'clock/advance', { seconds: 259200 } ). */
export async function sandbox( path, body ) {
	const answer = await fetch( `${ info.sandbox_url }/_sandbox/${ path }`, {
		method: undefined === body ? 'GET' : 'POST',
		headers: { 'Content-Type': 'application/json' },
		body: undefined === body ? undefined : JSON.stringify( body ),
	} );
	if ( ! answer.ok ) {
		throw new Error( `sandbox ${ path }: ${ answer.status } ${ await answer.text() }` );
	}
	return answer.json().catch( () => ( {} ) );
}
