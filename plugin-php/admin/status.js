/**
 * Asks this browser how it reaches Tillside and tells WordPress, which may be unable to call itself.
 */
( function ( { apiFetch, i18n, a11y } ) {
	const table = document.querySelector( '[data-tillside-ways]' );
	if ( ! table ) {
		return;
	}
	const { __ } = i18n;
	const said = document.querySelector( '[data-tillside-said]' );

	/** Whether Tillside answers for this site below a base, and by which way. */
	async function answers( base ) {
		const response = await fetch( base + '/v1/ping', { credentials: 'omit', cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout( 8000 ) } );
		const body = await response.json();
		const home = String( body.home ?? '' ).replace( /\/$/, '' );
		return response.ok && body.tillside && home === table.dataset.home ? response.headers.get( 'x-tillside-way' ) ?? 'proxy' : '';
	}

	async function ask( row ) {
		const result = row.querySelector( '[data-result]' );
		result.textContent = __( 'asking…', 'tillside' );
		for ( const base of JSON.parse( row.dataset.bases ) ) {
			if ( ( await answers( base ).catch( () => '' ) ) === row.dataset.way ) {
				result.textContent = __( '✓ works in this browser', 'tillside' );
				return [ row.dataset.way, base ];
			}
		}
		result.textContent = __( '– does not', 'tillside' );
		return null;
	}

	async function run() {
		const rows = [ ...table.querySelectorAll( '[data-way]' ) ];
		const working = Object.fromEntries( ( await Promise.all( rows.map( ask ) ) ).filter( Boolean ) );
		if ( ! Object.keys( working ).length ) {
			said.textContent = __( 'This browser does not reach Tillside by any way.', 'tillside' );
			return;
		}
		if ( table.dataset.fixed === '1' ) {
			return;
		}
		const { changed } = await apiFetch( { path: '/tillside/v1/admin/way', method: 'POST', data: { working } } );
		if ( changed ) {
			said.textContent = __( 'Pages now use the best of the ways that work. Reload this screen to see it.', 'tillside' );
			a11y.speak( said.textContent );
		}
	}

	run().catch( () => {
		said.textContent = __( 'What this browser found could not be saved.', 'tillside' );
	} );
} )( window.wp );
