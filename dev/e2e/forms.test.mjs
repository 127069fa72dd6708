// Forms in unusual places and for unusual buyers: closed offers, several on a page, keyboards, members, dark and right-to-left sites.
import assert from 'node:assert/strict';
import { before } from 'node:test';
import { resolve } from 'node:path';
import { accessible, browserTest, fits, shot } from './lib/browser.mjs';
import { access, buy, card, cardFrame, details, logIn, next, step, thanks, whoYouAre } from './lib/order.mjs';
import { booked, newPage } from './lib/pages.mjs';
import { tillside } from './lib/servers.mjs';
import { freshEmail, info, until } from './lib/site.mjs';

const form = ( offer ) => `[tillside_order_form offer="${ offer }"]`;

before( () => tillside( 'import', resolve( 'dev/e2e/catalog.yaml' ) ) );

browserTest( 'a closed offer shows the owner’s text, or sells the offer that takes its place', async ( open ) => {
	const page = await open( newPage( form( 'e2e-over' ), 'The retreat' ) );
	await page.getByText( 'We are back from the retreat' ).waitFor();
	assert.equal( await page.locator( '.tillside-step:visible' ).count(), 0 );
	await shot( page, 'closed' );
	await accessible( page );

	const early = await open( newPage( form( 'e2e-not-yet' ), 'The next retreat' ) );
	await early.getByText( 'Not open yet' ).waitFor();
	await accessible( early );

	const other = await open( newPage( form( 'demo-closed' ), 'The class of 2025' ) );
	await step( other, 1 );
	await shot( other, 'closed-other-offer' );
	await accessible( other );
	const buyer = await buy( other );
	await thanks( other );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
} );

browserTest( 'an unknown offer: an admin reads why, a visitor sees nothing broken', async ( open ) => {
	const url = newPage( `<p>Before.</p>\n${ form( 'no-such-offer' ) }\n<p>After.</p>`, 'A page with a mistake' );
	const page = await open( url );
	await page.getByText( 'After.' ).waitFor();
	assert.equal( await page.locator( '.tillside' ).count(), 0 );
	assert.doesNotMatch( await page.content(), /no-such-offer|\[tillside_order_form/ );
	assert.deepEqual( page.faults, [] );
	await shot( page, 'unknown-offer-visitor' );

	assert.ok( await logIn( page, info.site_url, info.admin_user, info.admin_password ) );
	await page.goto( url );
	await page.getByText( 'There is no offer “no-such-offer”.' ).waitFor();
	await page.getByText( 'Visitors do not see this.' ).waitFor();
	await shot( page, 'unknown-offer-admin' );
} );

browserTest( 'several forms on a page do not disturb each other', async ( open ) => {
	const page = await open( newPage( [ 'demo-course', 'demo-free', 'demo-bundle' ].map( form ).join( '\n\n' ), 'Everything we sell' ) );
	const forms = page.locator( '.tillside[data-tillside=order_form]' );
	assert.equal( await forms.count(), 3 );
	await forms.nth( 1 ).locator( '[data-step="1"]' ).waitFor();
	await accessible( page );
	const ids = await page.locator( '[id]' ).evaluateAll( ( all ) => all.map( ( one ) => one.id ) );
	assert.deepEqual( ids.filter( ( id, i ) => ids.indexOf( id ) !== i ), [] );

	const email = freshEmail();
	const second = forms.nth( 1 );
	await second.locator( '[name=email]' ).fill( email );
	await second.locator( '[name=first_name]' ).fill( 'Ada' );
	await second.locator( '[name=last_name]' ).fill( 'Lovelace' );
	await second.locator( '[data-step="1"] button[type=submit]' ).click();
	await second.locator( '[name=postal_code]' ).fill( '10115' );
	await second.locator( '[name=country]' ).selectOption( 'DE' );
	await second.locator( '[data-step="2"] button[type=submit]' ).click();
	await second.locator( '[data-step="3"] button[type=submit]' ).click();
	await second.locator( '[data-done]' ).waitFor( { state: 'visible' } );
	for ( const other of [ 0, 2 ] ) {
		assert.ok( await forms.nth( other ).locator( '[data-step="1"]' ).isVisible() );
		assert.equal( await forms.nth( other ).locator( '[name=email]' ).inputValue(), '' );
	}
	await shot( page, 'several-forms' );
	assert.deepEqual( booked( email ), { orders: 1, payments: 0 } );
} );

browserTest( 'a member who is logged in finds the form filled in, and buys without typing the name again', async ( open ) => {
	const first = await open( info.order_page_url );
	const buyer = await buy( first );
	await thanks( first );
	const { user, password } = await access( first );

	const page = await open( 'about:blank' );
	assert.ok( await logIn( page, info.site_url, user, password ) );
	await page.goto( info.order_page_url );
	await until( 'the filled form', async () => buyer.email === ( await page.inputValue( '.tillside-step [name=email]' ) ) );
	assert.equal( await page.inputValue( '.tillside-step [name=first_name]' ), 'Ada' );
	assert.equal( await page.inputValue( '.tillside-step [name=last_name]' ), 'Lovelace' );
	await shot( page, 'member' );
	await next( page );
	await details( page );
	await card( page );
	await next( page );
	await thanks( page );
	assert.deepEqual( booked( buyer.email ), { orders: 2, payments: 2 } );
} );

/** Presses Tab until the focus is where it should be, in the page or in the card's frame. */
async function tabTo( page, what, isThere ) {
	for ( let i = 0; i < 40; i++ ) {
		if ( await isThere() ) {
			return;
		}
		await page.keyboard.press( 'Tab' );
	}
	throw new Error( `Tab does not lead to ${ what }` );
}

browserTest( 'a whole purchase with the keyboard alone, in a window of 320 pixels', async ( open ) => {
	const page = await open( info.order_page_url, { viewport: { width: 320, height: 640 } } );
	const narrow = () => fits( page, 320 );
	const at = ( selector ) => () => page.evaluate( ( s ) => Boolean( document.activeElement?.matches( s ) ), selector );
	const type = async ( name, text ) => {
		await tabTo( page, name, at( `[name=${ name }]` ) );
		await page.keyboard.type( text );
	};
	const email = freshEmail();
	await step( page, 1 );
	await narrow();
	await type( 'email', email );
	await type( 'first_name', 'Ada' );
	await type( 'last_name', 'Lovelace' );
	await page.keyboard.press( 'Enter' );
	await step( page, 2 );
	await narrow();
	assert.ok( await at( '[data-step="2"] h2' )(), 'the focus is not on the new step' );
	await tabTo( page, 'country', at( '[name=country]' ) );
	await page.keyboard.type( 'Germany' );
	await type( 'postal_code', '10115' );
	await page.keyboard.press( 'Enter' );
	await step( page, 3 );
	await cardFrame( page ).locator( '[name=number]' ).waitFor();
	await narrow();
	const inFrame = ( name ) => () => cardFrame( page ).locator( `[name=${ name }]` ).evaluate( ( input ) => input === document.activeElement && document.hasFocus() );
	for ( const [ name, text ] of [ [ 'number', '4242424242424242' ], [ 'expiry', '1234' ], [ 'cvc', '123' ] ] ) {
		await tabTo( page, name, inFrame( name ) );
		await page.keyboard.type( text );
	}
	await tabTo( page, 'the button', at( '[data-pay]' ) );
	await shot( page, 'keyboard-3-payment' );
	await page.setViewportSize( { width: 320, height: 640 } );
	await page.keyboard.press( 'Enter' );
	await thanks( page );
	await access( page );
	await narrow();
	assert.ok( await at( '[data-done] h2' )(), 'the focus is not on the thank-you' );
	await tabTo( page, 'the start button', at( '[data-start] button' ) );
	await page.keyboard.press( 'Enter' );
	await page.waitForURL( `${ info.site_url }/start/` );
	assert.deepEqual( booked( email ), { orders: 1, payments: 1 } );
} );

/** Opens the order page in another dress, put on before its deferred scripts run. */
async function dressed( open, dress ) {
	const page = await open( 'about:blank' );
	await page.addInitScript( `document.addEventListener( 'readystatechange', () => document.readyState === 'interactive' && ( ${ dress } )() );` );
	await page.goto( info.order_page_url );
	return page;
}

async function photographed( page, name ) {
	await step( page, 1 );
	await next( page );
	await page.locator( '[data-alert] a' ).first().waitFor();
	await shot( page, `${ name }-1-mistakes` );
	await accessible( page );
	await fits( page, 320 );
	await whoYouAre( page );
	await details( page );
	await card( page );
	await shot( page, `${ name }-3-payment` );
	await accessible( page );
	await fits( page, 320 );
	await next( page );
	await thanks( page );
	await access( page );
	await shot( page, `${ name }-4-thank-you` );
	await accessible( page );
	await fits( page, 320 );
}

browserTest( 'on a dark site', async ( open ) => {
	await photographed( await dressed( open, () => {
		const colours = { 'base': '#14161a', 'contrast': '#f2f2ee' };
		Object.entries( colours ).forEach( ( [ name, value ] ) => document.documentElement.style.setProperty( `--wp--preset--color--${ name }`, value, 'important' ) );
		document.body.style.cssText = 'background:#14161a!important;color:#f2f2ee!important';
	} ), 'dark' );
} );

browserTest( 'on a site that is read from right to left', async ( open ) => {
	await photographed( await dressed( open, () => {
		document.querySelectorAll( 'html, .tillside-form' ).forEach( ( part ) => ( part.dir = 'rtl' ) );
	} ), 'rtl' );
} );
