// The site's servers: stopped, started and copied, as on a bad day. Each test leaves the site as it was.
import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { infoFile } from './site.mjs';

const run = promisify( execFile );
const site = resolve( dirname( infoFile ) );

/** Runs a verb of dev/e2e/servers on the site; returns what it printed. */
export async function servers( verb, ...rest ) {
	const { stdout } = await run( 'dev/e2e/servers', [ verb, site, ...rest ], { encoding: 'utf8', maxBuffer: 1 << 24 } );
	return stdout;
}

/** Runs something while servers of the site are stopped, and starts them again whatever happens. */
export async function without( names, during ) {
	await servers( 'stop', ...names );
	try {
		return await during();
	} finally {
		await servers( 'start', ...names );
	}
}

/** Runs a verb of tillside with the site's settings, such as tillside( 'reconcile' ). */
export const tillside = ( ...words ) => servers( 'tillside', ...words );

const copyFolder = join( site, 'copy' );

/** A copy of the whole site at another port, as staging sites are made. Its Tillside is not started. */
export async function makeCopy( port ) {
	await servers( 'copy', copyFolder, String( port ) );
	return { folder: copyFolder, url: `http://127.0.0.1:${ port }` };
}

/** Starts, or starts anew, the Tillside of the copy, with the keys of an account at the provider; the original's is "sandbox". */
export const startCopy = ( account ) => run( 'dev/e2e/servers', [ 'start-copy', copyFolder, account ] );

/** Ends and deletes the copy. */
export const dropCopy = () => run( 'dev/e2e/servers', [ 'down', copyFolder ] );
