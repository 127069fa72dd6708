package shortcodes_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tillside/tillside/shortcodes"
)

func fragments(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"thank_you": renderThankYou(t, shortcodes.ThankYou{Instance: "tillside-1"})}
	for name, form := range orderForms() {
		all[name] = renderForm(t, form)
	}
	for name, view := range coupons() {
		all[name] = renderCoupon(t, view)
	}
	for name, view := range giftCards() {
		all[name] = renderGiftCard(t, view)
	}
	return all
}

func TestFragments_AreOneLineWithoutScriptOrStyle(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)[\r\n\x{2028}\x{2029}]|<script|<style|<link| style=| on[a-z]+=|javascript:`)
	for name, html := range fragments(t) {
		attributes := regexp.MustCompile(`"[^"]*"`).ReplaceAllStringFunc(html, func(s string) string {
			return strings.ReplaceAll(s, " on", " _")
		})
		if found := forbidden.FindString(attributes); found != "" {
			t.Errorf("%s contains %q", name, found)
		}
	}
}

func TestFragments_PrefixEveryIDAndPointOnlyAtTheirOwn(t *testing.T) {
	ids := regexp.MustCompile(` id="([^"]*)"`)
	references := regexp.MustCompile(` (?:for|aria-controls|aria-labelledby|aria-describedby)="([^"]*)"`)
	for name, html := range fragments(t) {
		prefix := "tillside-1-"
		switch name {
		case "order_form_hostile":
			prefix = "xonloady-"
		case "coupon_hostile":
			prefix = "tillside-1onloady-"
		}
		var seen []string
		for _, match := range ids.FindAllStringSubmatch(html, -1) {
			if !strings.HasPrefix(match[1], prefix) {
				t.Errorf("%s: id %q lacks the prefix", name, match[1])
			}
			if slices.Contains(seen, match[1]) {
				t.Errorf("%s: id %q twice", name, match[1])
			}
			seen = append(seen, match[1])
		}
		for _, match := range references.FindAllStringSubmatch(html, -1) {
			for id := range strings.FieldsSeq(match[1]) {
				if !slices.Contains(seen, id) {
					t.Errorf("%s: nothing has the id %q", name, id)
				}
			}
		}
	}
}

func TestOrderForm_AsksForAtMostEightThings(t *testing.T) {
	form, _, _ := strings.Cut(renderForm(t, courseForm()), `data-part="done"`)
	var asked []string
	for _, match := range regexp.MustCompile(`<(?:input|select|textarea)[^>]* name="([a-z_]+)"`).FindAllStringSubmatch(form, -1) {
		asked = append(asked, match[1])
	}
	// The payment fields are the gateway's: number, expiry, security code.
	if got := len(asked) + 3; got > 8 {
		t.Errorf("%d fields: %v", got, asked)
	}
	for _, token := range []string{"email", "given-name", "family-name", "country", "postal-code"} {
		if !strings.Contains(form, `autocomplete="section-tillside-1 `+token+`"`) {
			t.Errorf("no field completes %s", token)
		}
	}
}

// assets are the files of which the budget consists.
const assets = "../plugin-php/assets"

// TestOrderForm_ScriptsAndStylesFitTheBudget adds up what a browser loads for an
// order form: the style sheet and every module that the entry imports.
func TestOrderForm_ScriptsAndStylesFitTheBudget(t *testing.T) {
	const budget = 14 * 1024
	imports := regexp.MustCompile(`(?m)^(?:import|export)[^;]*?from '@tillside/([a-z-]+)';`)
	total := zipped(t, filepath.Join(assets, "css", "order-form.css"))
	t.Logf("%6d order-form.css", total)
	loaded := []string{"order-form"}
	for i := 0; i < len(loaded); i++ {
		path := filepath.Join(assets, "js", loaded[i]+".js")
		size := zipped(t, path)
		t.Logf("%6d %s.js", size, loaded[i])
		total += size
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range imports.FindAllStringSubmatch(string(source), -1) {
			if !slices.Contains(loaded, match[1]) {
				loaded = append(loaded, match[1])
			}
		}
	}
	t.Logf("%6d bytes in all", total)
	if total > budget {
		t.Errorf("the form loads %d bytes, want at most %d", total, budget)
	}
}

// TestParts_ScriptsFitTheirBudgets holds what other pages load beside the
// modules that they share with the order form.
func TestParts_ScriptsFitTheirBudgets(t *testing.T) {
	for _, part := range []string{"coupon-box", "gift-card"} {
		script, style := zipped(t, filepath.Join(assets, "js", part+".js")), zipped(t, filepath.Join(assets, "css", part+".css"))
		t.Logf("%6d %s.js, %d %s.css", script, part, style, part)
		if script > 3*1024 || style > 2*1024 {
			t.Errorf("%s loads %d bytes of script and %d of style", part, script, style)
		}
	}
}

func zipped(t *testing.T, path string) int {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(source); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

func TestScripts_StayUnderTwoHundredLinesAndNeverWriteHTML(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(assets, "js", "*.js"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(source, []byte("\n")); lines >= 200 {
			t.Errorf("%s has %d lines", path, lines)
		}
		if found := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(`).Find(source); found != nil {
			t.Errorf("%s uses %s", path, found)
		}
	}
}

// TestScripts_FindTheirWords keeps the strings that the scripts use and those
// that the fragments carry in step.
func TestScripts_FindTheirWords(t *testing.T) {
	html := renderForm(t, orderForms()["order_form_gift"]) + renderThankYou(t, shortcodes.ThankYou{}) + renderCoupon(t, shortcodes.Coupon{}) + renderGiftCard(t, shortcodes.GiftCard{})
	used := regexp.MustCompile(`words\.([a-z_]+)`)
	paths, err := filepath.Glob(filepath.Join(assets, "js", "*.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range used.FindAllStringSubmatch(string(source), -1) {
			if !strings.Contains(html, `data-w="`+match[1]+`"`) {
				t.Errorf("%s says words.%s, which no fragment has", filepath.Base(path), match[1])
			}
		}
	}
}
