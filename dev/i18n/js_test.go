package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScanJS_FindsTextsOfOurDomain(t *testing.T) {
	found, err := scanJS("plugin-php/a.js", `/** __( 'In a comment', 'tillside' ); */
const { __, _n } = wp.i18n; // __( 'In another', 'tillside' )
const path = home.replace( /[/'"]\/$/, '' ) / 2 / 3;
// translators: %s: a name
say( sprintf( __( 'Hello, %s', 'tillside' ), name ), __( 'It\'s ' + "a \"quote\"", 'tillside' ) );
const words = { ok: done ? __( 'Yes', 'tillside' ) : i18n.__( 'No', 'tillside' ), f: () => __( 'In a function', 'tillside' ) };
say( _n( 'One order', '%d orders', n, 'tillside' ), i18n._x( 'Order', 'verb', 'tillside' ) );
say( __( 'Of WordPress' ), __( 'Of another plugin', 'other' ), `+"`__( 'In a text', 'tillside' ) ${ a }`, __( `Plain`, 'tillside' )"+` );
function __( a ) {}
class A { #b = 1; }
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Hello, %s", `It's a "quote"`, "Yes", "No", "In a function", "One order|%d orders", "verb|Order", "Plain"}
	if diff := cmp.Diff(want, ids(found)); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
	if note := found[0].notes; len(note) != 1 || note[0] != "translators: %s: a name" {
		t.Errorf("notes = %v", note)
	}
	if len(found[1].notes) > 0 {
		t.Errorf("a note was given to the next text, too: %v", found[1].notes)
	}
	if _, err := scanJS("a.js", "__( `Hello, ${ name }`, 'tillside' );"); err == nil {
		t.Error("a text with a variable in it was accepted")
	}
}

func TestJSON_WritesWhatTheScriptReads(t *testing.T) {
	const script = "plugin-php/admin/a.js"
	c := &catalogue{header: []string{"Language: de_DE", "Plural-Forms: nplurals=2; plural=(n != 1);"}, messages: []*message{
		{id: "<b> & c", texts: []string{"<b> und c"}, refs: []string{script}},
		{id: "one", plural: "many", texts: []string{"eins", "viele"}, refs: []string{"plugin-php/a.php", script}},
		{id: "Order", context: "verb", texts: []string{"Bestellen"}, refs: []string{script}},
		{id: "not yet", texts: []string{""}, refs: []string{script}},
		{id: "of PHP", texts: []string{"von PHP"}, refs: []string{"plugin-php/a.php"}},
	}}
	const want = `{
	"domain": "messages",
	"locale_data": {
		"messages": {
			"": {
				"domain": "messages",
				"lang": "de_DE",
				"plural-forms": "nplurals=2; plural=(n != 1);"
			},
			"<b> & c": [
				"<b> und c"
			],
			"one": [
				"eins",
				"viele"
			],
			"verb\u0004Order": [
				"Bestellen"
			]
		}
	},
	"source": "admin/a.js"
}
`
	got, err := c.json(script)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{script}, scripts(c.messages)); diff != "" {
		t.Errorf("scripts (-want +got):\n%s", diff)
	}
	// The MD5 of admin/a.js.
	if got := scriptFile("tillside-de_DE", script); got != "tillside-de_DE-825c461ea54e55b4435dc2bac6730288.json" {
		t.Errorf("file = %s", got)
	}
}
