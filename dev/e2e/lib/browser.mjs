// Debian's Chromium, driven by Playwright; one browser a test file, a fresh context a test.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { screenshots } from './site.mjs';

const axeSource = readFileSync( createRequire( import.meta.url ).resolve( 'axe-core/axe.min.js' ), 'utf8' );
const desktop = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };

let browser;

before( async () => {
	browser = await chromium.launch( {
		executablePath: '/usr/bin/chromium',
		args: [
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
		],
	} );
} );

after( () => browser?.close() );

/** Opens a page in a browser of its own (own cookies, own storage), at desktop size. */
export async function open( url, options = {} ) {
	const context = await browser.newContext( { viewport: desktop, ...options } );
	context.setDefaultTimeout( 15000 );
	const page = await context.newPage();
	page.faults = [];
	page.on( 'pageerror', ( error ) => page.faults.push( String( error ) ) );
	page.on( 'console', ( message ) => 'error' === message.type() && page.faults.push( message.text() ) );
	await page.goto( url );
	return page;
}

/**
 * A test with pages that it opens by its argument. They are closed at its end; when it fails, they are photographed
 * and what their console said is told.
 */
export function browserTest( name, run ) {
	test( name, { timeout: 120000 }, async () => {
		const pages = [];
		const opened = async ( ...how ) => {
			const page = await open( ...how );
			pages.push( page );
			return page;
		};
		try {
			await run( opened );
		} catch ( error ) {
			const slug = name.toLowerCase().replace( /[^a-z0-9]+/g, '-' );
			for ( const [ i, page ] of pages.entries() ) {
				await photograph( page, `failed-${ slug }-${ i }` ).catch( () => {} );
				console.error( `page ${ page.url() }: ${ page.faults.join( '\n' ) }` );
			}
			throw error;
		} finally {
			await Promise.all( pages.map( ( page ) => page.context().close() ) );
		}
	} );
}

async function photograph( page, name ) {
	mkdirSync( screenshots, { recursive: true } );
	await page.screenshot( { path: join( screenshots, `${ name }.png` ), fullPage: true, animations: 'disabled' } );
}

/** Keeps pictures of the page as it is, at desktop and at phone width. */
export async function shot( page, name ) {
	await photograph( page, `${ name }-desktop` );
	await page.setViewportSize( phone );
	await photograph( page, `${ name }-phone` );
	await page.setViewportSize( desktop );
}

/** Fails when axe finds anything in our part of the page. The card's frame is the payment provider's. */
export async function accessible( page, part = '.tillside' ) {
	await page.evaluate( axeSource );
	const found = await page.evaluate( async ( selector ) => {
		const result = await globalThis.axe.run( selector, { iframes: false, resultTypes: [ 'violations' ] } );
		return result.violations.map( ( v ) => `${ v.id }: ${ v.help } (${ v.nodes.map( ( n ) => n.target.join( ' ' ) ).join( ', ' ) })` );
	}, part );
	assert.deepEqual( found, [] );
}

/** Fails when the page is wider than the window. */
export async function fits( page, width ) {
	const before_ = page.viewportSize();
	await page.setViewportSize( { width, height: 800 } );
	const wide = await page.evaluate( () => document.documentElement.scrollWidth );
	await page.setViewportSize( before_ );
	assert.ok( wide <= width, `the page is ${ wide } wide in a window of ${ width }` );
}
