// A buyer's hands: the three steps of an order form, the card's frame, the thank-you.
import { freshEmail, until } from './site.mjs';

export const cards = {
	good: '4242424242424242',
	declined: '4000000000000002',
	noFunds: '4000000000009995',
	secure: '4000002500003155',
};

/** Submits the step that is shown. */
export function next( page ) {
	return page.locator( '.tillside-step:visible button[type=submit]' ).click();
}

/** Waits until a step is shown. */
export function step( page, number ) {
	return page.locator( `.tillside-step[data-step="${ number }"]` ).waitFor( { state: 'visible' } );
}

/** Step 1. Returns the buyer, with an e-mail address that is new unless one is given. */
export async function whoYouAre( page, given = {} ) {
	const buyer = { email: freshEmail(), first_name: 'Ada', last_name: 'Lovelace', ...given };
	await step( page, 1 );
	for ( const name of [ 'email', 'first_name', 'last_name' ] ) {
		await page.fill( `.tillside-step [name=${ name }]`, buyer[ name ] );
	}
	await next( page );
	return buyer;
}

/** Step 2. */
export async function details( page, given = {} ) {
	const { country, postal_code } = { country: 'DE', postal_code: '10115', ...given };
	await step( page, 2 );
	await page.selectOption( '.tillside-step [name=country]', country );
	await page.fill( '.tillside-step [name=postal_code]', postal_code );
	await next( page );
}

/** The payment provider's frame inside step 3. */
export function cardFrame( page ) {
	return page.frameLocator( '[data-card] iframe' );
}

/** Fills step 3's card, without paying. */
export async function card( page, number = cards.good, expiry = '12 / 34' ) {
	await step( page, 3 );
	const frame = cardFrame( page );
	await frame.locator( '[name=number]' ).fill( number );
	await frame.locator( '[name=expiry]' ).fill( expiry );
	await frame.locator( '[name=cvc]' ).fill( '123' );
}

/** All three steps and the click on "Pay". Returns the buyer. */
export async function buy( page, { number, ...given } = {} ) {
	const buyer = await whoYouAre( page, given );
	await details( page );
	await card( page, number );
	await next( page );
	return buyer;
}

/** Waits for the thank-you. */
export function thanks( page ) {
	return page.locator( '[data-done]' ).waitFor( { state: 'visible', timeout: 30000 } );
}

/** The user name and the password that the thank-you shows, once they are there. */
export async function access( page ) {
	const box = page.locator( '[data-access=new]' );
	await box.waitFor( { state: 'visible', timeout: 30000 } );
	return { user: await box.locator( '[data-user]' ).innerText(), password: await box.locator( '[data-password]' ).innerText() };
}

/** Logs in at wp-login.php; returns whether WordPress let them in. */
export async function logIn( page, site, user, password ) {
	await page.goto( `${ site }/wp-login.php` );
	// The page moves the focus to the user name after 200 ms: what is being typed elsewhere would land there.
	await page.waitForFunction( () => document.activeElement?.id === 'user_login' );
	await page.fill( '#user_login', user );
	await page.fill( '#user_pass', password );
	// The answer to the form sets the cookies; the page after it may wait for pictures from elsewhere.
	const answered = page.waitForResponse( ( answer ) => answer.request().method() === 'POST' && answer.url().includes( 'wp-login.php' ) );
	await Promise.all( [ answered, page.click( '#wp-submit', { noWaitAfter: true } ) ] );
	const cookies = await page.context().cookies();
	return cookies.some( ( cookie ) => cookie.name.startsWith( 'wordpress_logged_in_' ) );
}

/** Presses a button of the payment provider's 3-D Secure dialog: "Complete" or "Fail". */
export async function secureDialog( page, button ) {
	const found = await until( `the 3-D Secure dialog's button "${ button }"`, async () => {
		for ( const frame of page.frames() ) {
			const candidate = frame.getByRole( 'button', { name: button, exact: true } );
			if ( await candidate.isVisible().catch( () => false ) ) {
				return candidate;
			}
		}
		return null;
	} );
	await found.click();
}

/** The form's message to the buyer, once there is one. */
export async function alertText( page ) {
	return until( 'a message to the buyer', async () => ( await page.locator( '[data-alert]' ).innerText() ).trim() );
}
