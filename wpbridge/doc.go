// Package wpbridge is the contract with WordPress: finding the site, the keys
// that both sides share, the tokens that pass between them, and the calls that
// Tillside makes into the plugin. It knows nothing of what is sold.
package wpbridge
