package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogue_IsUpToDateAndComplete(t *testing.T) {
	problems, err := check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

// ids returns context|id|plural of messages, in their order.
func ids(messages []*message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, strings.Trim(m.context+"|"+m.id+"|"+m.plural, "|"))
	}
	return all
}

func TestScanGo_FindsTextsOfErrorsDeclinesAndLocales(t *testing.T) {
	root := t.TempDir()
	source := `package a

const text = "A constant " + "in two parts."

var codes = []reason{{Text: "A decline."}}

func f(l *locale) error {
	_ = l.T("To a locale: %s.", name)
	_ = l.N("One thing", "%d things", n, n)
	_ = l.T(text)
	_ = l.T(computed())
	_ = l.T("%s", name)
	_ = &errs.Error{Code: errs.Gone, Text: "An error's text."}
	_ = other.New(1, "Not ours.")
	_ = fault{Text: "In another type"}
	if bad {
		return errs.Field("name", "A field's error.")
	}
	return fmt.Errorf("wrap: %w", errs.New(errs.Invalid, "An error."))
}
`
	for name, content := range map[string]string{
		"server/payment/a.go": source, "server/payment/a_test.go": `package a; var _ = errs.New(1, "A test's.")`,
		"shortcodes/a.go": "package a", "wpbridge/a.go": "package a",
	} {
		write(t, filepath.Join(root, name), content)
	}
	all, err := scanGo(root)
	if err != nil {
		t.Fatal(err)
	}
	found, err := sorted(all)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"A constant in two parts.", "A decline.", "A field's error.", "An error's text.", "An error.", "In another type",
		"One thing|%d things", "To a locale: %s.",
	}
	if diff := cmp.Diff(want, ids(found)); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestScanTemplate_FindsTextsEverywhere(t *testing.T) {
	found, err := scanTemplate("a.html", `{{define "a"}}{{if .X}}{{call .T "One"}}{{else}}{{call $.T "Two: %s" .Name}}{{end}}
		{{range .Y}}{{T "Three"}}{{else}}{{$.T "Four"}}{{end}}{{template "b" (call .T "Five")}}{{with .Z}}{{call .Lang.T "Six" | upper}}{{end}}
		{{call .T .Computed}}{{printf "Not this"}}{{end}}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"One", "Two: %s", "Three", "Four", "Five", "Six"}, ids(found)); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

func TestScanPHP_FindsTextsOfOurDomain(t *testing.T) {
	found, err := scanPHP("plugin-php/tillside.php", `<?php
/**
 * Plugin Name: Tillside
 * Description: Sells.
 */
// __( 'In a comment', 'tillside' );
/* translators: %s: a name */
echo esc_html( sprintf( __( 'Hello, %s', 'tillside' ), $name ) );
echo esc_attr__( 'It\'s ' . "a \"quote\" of \$5", 'tillside' ), \__( 'Rooted', 'tillside' );
echo _n( 'One order', '%d orders', count( array( 1, 2 ) ), 'tillside' );
$words = array( 'ok' => __( 'In a list', 'tillside' ), 'no' => $a ? __( 'Yes', 'tillside' ) : __( 'No', 'tillside' ) );
echo _x( 'Order', 'verb', 'tillside' ), __( 'Of WordPress' ), __( 'Of another plugin', 'other' );
$text = <<<HTML
__( 'In a document', 'tillside' );
HTML;
$x = "__( 'In a text', 'tillside' )";
function __( $a ) {}
$this->__( 'A method', 'tillside' );
Other::__( 'A static method', 'tillside' );
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Sells.", "Hello, %s", `It's a "quote" of $5`, "Rooted", "One order|%d orders", "In a list", "Yes", "No", "verb|Order"}
	if diff := cmp.Diff(want, ids(found)); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
	if note := found[1].notes; len(note) != 1 || note[0] != "translators: %s: a name" {
		t.Errorf("notes = %v", note)
	}
	if len(found[2].notes) > 0 {
		t.Errorf("a note was given to the next text, too: %v", found[2].notes)
	}
	if _, err := scanPHP("a.php", `<?php __( "Hello, $name", 'tillside' );`); err == nil {
		t.Error("a text with a variable in it was accepted")
	}
}

func TestScanBlock_NamesTheContexts(t *testing.T) {
	found, err := scanBlock("block.json", `{"textdomain":"tillside","title":"Order form","description":"Sells.","keywords":["shop"]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"block title|Order form", "block description|Sells.", "block keyword|shop"}
	if diff := cmp.Diff(want, ids(found)); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

func TestParsePO_RoundTrips(t *testing.T) {
	c := &catalogue{header: []string{"Language: pl_PL", "Plural-Forms: nplurals=3; plural=n;"}, messages: []*message{
		{id: "A \"quote\"\nand \\ more", texts: []string{"ż"}, refs: []string{"a.go"}, notes: []string{"translators: note"}},
		{context: "verb", id: "Order", texts: []string{""}},
		{id: "one", plural: "many", texts: []string{"a", "b", "c"}},
	}}
	back, err := parsePO(c.write())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.messages {
		m.refs, m.notes = nil, nil
	}
	if diff := cmp.Diff(c, back, cmp.AllowUnexported(catalogue{}, message{})); diff != "" {
		t.Errorf("catalogue (-written +read):\n%s", diff)
	}
	if n := back.plurals(); n != 3 {
		t.Errorf("plurals = %d, want 3", n)
	}
	if _, err := parsePO([]byte("msgid \"a\"\nmsgstr 'b'\n")); err == nil {
		t.Error("a text without quotes was accepted")
	}
}

func TestMerge_KeepsTranslationsOfWhatIsStillThere(t *testing.T) {
	old := &catalogue{header: []string{"Language: de_DE"}, messages: []*message{
		{id: "kept", texts: []string{"behalten"}}, {id: "gone", texts: []string{"weg"}},
	}}
	merged := merge(old, []*message{{id: "kept"}, {id: "new"}, {id: "one", plural: "many"}})
	want := [][]string{{"behalten"}, {""}, {"", ""}}
	for i, m := range merged.messages {
		if diff := cmp.Diff(want[i], m.texts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m.id, diff)
		}
	}
}

func TestFaults_FindWhatDoesNotFit(t *testing.T) {
	tests := []struct {
		name string
		m    message
		want int
	}{
		{"fits", message{id: "%s of %d", texts: []string{"%s von %d"}}, 0},
		{"other order with numbers", message{id: "%s of %d", texts: []string{"%[2]d, %[1]s"}}, 0},
		{"PHP's numbers", message{id: "%1$s of %2$d", texts: []string{"%2$d, %1$s"}}, 0},
		{"other order without numbers", message{id: "%s of %d", texts: []string{"%d, %s"}}, 1},
		{"missing", message{id: "%s of %d", texts: []string{"%s"}}, 1},
		{"too many", message{id: "Hello", texts: []string{"Hallo %s"}}, 1},
		{"per cent", message{id: "%s %%", texts: []string{"%s %"}}, 1},
		{"braces", message{id: "Pay {total}", texts: []string{"{summe} zahlen"}}, 1},
		{"tags", message{id: "a <b>c</b>", texts: []string{"a <b>c"}}, 1},
		{"white space", message{id: "a ", texts: []string{"a"}}, 1},
		{"not translated", message{id: "a", texts: []string{""}}, 1},
		{"half translated", message{id: "one", plural: "%d things", texts: []string{"eins", ""}}, 1},
		{"singular without a number", message{id: "one", plural: "%d things", texts: []string{"eins", "%d Dinge"}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := faults(&tt.m); len(got) != tt.want {
				t.Errorf("faults = %v, want %d", got, tt.want)
			}
		})
	}
}

func TestPHP_WritesWhatWordPressReads(t *testing.T) {
	plugin := []string{"plugin-php/a.php"}
	c := &catalogue{header: []string{"Language: de_DE"}, messages: []*message{
		{id: "It's", texts: []string{`Das ist \ 'es'`}, refs: plugin},
		{id: "one", plural: "many", texts: []string{"eins $x", "viele"}, refs: plugin},
		{id: "Order", context: "verb", texts: []string{"Bestellen"}, refs: plugin},
		{id: "not yet", texts: []string{""}, refs: plugin},
		{id: "of Go", texts: []string{"von Go"}, refs: []string{"server/a.go"}},
	}}
	const want = `<?php
return array(
	'language' => 'de_DE',
	'messages' => array(
		'It\'s' => 'Das ist \\ \'es\'',
		'one' => "eins \$x\x00viele",
		"verb\x04Order" => 'Bestellen',
	),
);
`
	if diff := cmp.Diff(want, string(c.php())); diff != "" {
		t.Errorf("PHP (-want +got):\n%s", diff)
	}
}
