/* The page's appearance options: a few variables, as custom properties. */

const VARIABLES = {
	colorPrimary: '--primary',
	colorBackground: '--background',
	colorText: '--text',
	colorTextSecondary: '--secondary',
	colorTextPlaceholder: '--secondary',
	colorDanger: '--danger',
	fontFamily: '--font',
	fontSizeBase: '--size',
	borderRadius: '--radius',
	spacingUnit: '--unit',
};

/** Applies the theme and those variables that the sandbox has. */
export function dress( appearance = {} ) {
	const root = document.documentElement;
	root.dataset.theme = appearance.theme ?? 'stripe';
	for ( const [ name, property ] of Object.entries( VARIABLES ) ) {
		const value = appearance.variables?.[ name ];
		if ( value === undefined ) {
			continue;
		}
		if ( /var\(|url\(|[;{}]/.test( value ) ) {
			console.warn( `appearance.variables.${ name }: "${ value }" means nothing inside the frame; pass a plain value.` );
			continue;
		}
		root.style.setProperty( property, value );
	}
}
