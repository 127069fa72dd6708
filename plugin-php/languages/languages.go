// Package languages embeds the catalogue of texts that the plugin, Tillside and
// its mails share.
package languages

import "embed"

// Files holds the translations, tillside-<locale>.po.
//
//go:embed *.po
var Files embed.FS
