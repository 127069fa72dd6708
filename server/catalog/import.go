package catalog

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ImportOptions say how to import a catalogue file.
type ImportOptions struct {
	DryRun bool   // checks and reports, and changes nothing
	Home   string // the site's home: start pages must be on it; empty: not checked
}

// Action is what an import did with a thing.
type Action string

// The actions.
const (
	ActionCreated   Action = "created"
	ActionUpdated   Action = "updated"
	ActionUnchanged Action = "unchanged"
)

// Change is what an import did with one thing of the file.
type Change struct {
	Kind   string   `json:"kind"` // product, price or offer
	Slug   string   `json:"slug"`
	Action Action   `json:"action"`
	Fields []string `json:"fields,omitempty"` // what was updated
}

// Report is what an import did, or would do.
type Report struct {
	DryRun  bool     `json:"dry_run"`
	Changes []Change `json:"changes"`
}

// Changed reports whether there was anything to do.
func (r Report) Changed() bool {
	return slices.ContainsFunc(r.Changes, func(c Change) bool { return c.Action != ActionUnchanged })
}

// ImportFile makes the catalogue what a file says: it creates and updates what
// the file names, and leaves alone what it does not name. Importing the same
// file again changes nothing. All of it happens in one transaction or, when
// anything is wrong, nothing and the error is an *ImportError with every
// problem. Name is what the problems call the file.
func (s *Service) ImportFile(ctx context.Context, r io.Reader, name string, opts ImportOptions) (Report, error) {
	f, err := readFile(r, name)
	if err != nil {
		return Report{}, fmt.Errorf("read %s: %w", name, err)
	}
	defer s.forget()
	var report Report
	err = s.store.InTx(ctx, func(tx Tx) error {
		before, err := tx.Catalogue(ctx)
		if err != nil {
			return err
		}
		problems := slices.Clone(f.problems)
		after, faults := f.merge(before)
		c := checker{home: opts.Home, faults: faults}
		c.check(&after.Catalogue)
		for _, fault := range c.faults {
			problems = append(problems, f.problem(fault))
		}
		if len(problems) > 0 {
			return importError(problems)
		}
		report, err = s.save(ctx, tx, before, after, opts.DryRun)
		report.Changes = slices.DeleteFunc(report.Changes, func(c Change) bool {
			return f.lineOf(c.Kind, c.Slug, "") == 0
		})
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("import %s: %w", name, err)
	}
	return report, nil
}

func (f *file) problem(fault fault) Problem {
	p := Problem{File: f.name, Line: f.lineOf(fault.kind, fault.slug, fault.field)}
	p.Text = fmt.Sprintf("%s: %s", strings.TrimSpace(fault.kind+" "+fault.slug), fault.text)
	return p
}

// importError orders problems by line and leaves out what is said twice.
func importError(problems []Problem) error {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Text, b.Text)
	})
	return &ImportError{slices.Compact(problems)}
}

// merge returns a catalogue as the file wants it. What has no id is new.
func (f *file) merge(before *Catalogue) (*draft, []fault) {
	after := before.clone()
	var faults []fault
	for _, p := range f.products {
		p = new(*p)
		if old := after.product(p.Slug); old != nil {
			p.ID = old.ID
			*old = *p
		} else {
			after.Products = append(after.Products, p)
		}
	}
	for _, price := range f.prices {
		p, product := new(*price.Price), after.product(price.product)
		p.ProductID = product.ID
		switch old := after.price(p.Slug); {
		case old == nil:
			after.Prices = append(after.Prices, p)
			after.productOf[p] = product
		case after.productOf[old] != product:
			faults = append(faults, fault{kindPrice, p.Slug, "slug", "another product has a price with this slug"})
		default:
			p.ID, p.ProductID = old.ID, old.ProductID
			*old = *p
		}
	}
	for _, o := range f.offers {
		o = o.clone()
		if old := after.offer(o.Slug); old != nil {
			o.ID, o.Revision, o.FormTokensSince = old.ID, old.Revision, old.FormTokensSince
			*old = *o
		} else {
			after.Offers = append(after.Offers, o)
		}
	}
	for _, o := range after.Offers {
		for _, slug := range after.resolve(o) {
			faults = append(faults, fault{kindOffer, o.Slug, "items", fmt.Sprintf("there is no price %q", slug)})
		}
	}
	return after, faults
}

// Export writes everything as a catalogue file that ImportFile reads back
// without a change.
func (s *Service) Export(ctx context.Context, w io.Writer) error {
	all, err := s.store.Catalogue(ctx)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	var d document
	for _, p := range all.Products {
		doc := documentOf(p)
		for _, price := range all.Prices {
			if price.ProductID == p.ID {
				doc.Prices = append(doc.Prices, documentOfPrice(price))
			}
		}
		d.Products = append(d.Products, doc)
	}
	for _, o := range all.Offers {
		d.Offers = append(d.Offers, documentOfOffer(o))
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}
