package coupon

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
)

// csvHead are the columns of an export; an import takes the first five.
var csvHead = []string{"code", "max_uses", "starts_at", "expires_at", "email", "status", "uses"}

// SafeCell keeps a spreadsheet from taking a cell for a formula
// (https://owasp.org/www-community/attacks/CSV_Injection); unsafe is its inverse.
func SafeCell(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func unsafe(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune("=+-@\t\r", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}

// Export writes codes as CSV, those of a campaign, or with a zero campaign all of
// a coupon, in the order in which they were made. It holds a few thousand in
// memory at a time and says how many are written. Afterwards they count as sent.
func (s *Campaigns) Export(ctx context.Context, couponID, campaignID int64, w io.Writer, progress func(written int)) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHead); err != nil {
		return err
	}
	after, written := int64(0), 0
	for {
		codes, err := s.Store.CodesAfter(ctx, couponID, campaignID, after, batchSize)
		if err != nil {
			return err
		}
		for i := range codes {
			c := &codes[i]
			row := []string{SafeCell(c.Text), number(c.MaxUses), instant(c.StartsAt), instant(c.ExpiresAt), SafeCell(c.Email), string(c.Status), strconv.Itoa(c.Uses)}
			if err := out.Write(row); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return err
		}
		if len(codes) == 0 {
			return s.Store.MarkSent(ctx, couponID, campaignID, after, s.Now())
		}
		after, written = codes[len(codes)-1].ID, written+len(codes)
		progress(written)
	}
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func instant(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// ImportReport is what an import did.
type ImportReport struct {
	Lines    int // with codes on them
	Imported int
	Faults   int
	Problems []Problem // the first thousand
}

// Problem is a line that was left out.
type Problem struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

const maxProblems = 1000

func (r *ImportReport) fault(line int, format string, args ...any) {
	r.Faults++
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, Problem{line, fmt.Sprintf(format, args...)})
	}
}

// ImportLine is a code on a line of a file.
type ImportLine struct {
	Line  int
	Code  Code
	Email string
}

// Importer writes codes of a file. Package mysql implements it.
type Importer interface {
	// ImportCodes writes the codes that are new, in one transaction, and returns
	// the lines whose codes are taken.
	ImportCodes(ctx context.Context, lines []ImportLine) (taken []int, err error)
	// TakenCodes only looks.
	TakenCodes(ctx context.Context, lines []ImportLine) (taken []int, err error)
}

const (
	maxLine     = 4096
	importBatch = 1000
)

// Import reads codes of a coupon from CSV, line by line: what is wrong is
// reported with its line and the rest is imported. A first line that names
// columns says what is where; without one each line is a code. With dryRun
// nothing is written.
func (s *Campaigns) Import(ctx context.Context, to Importer, c *Coupon, r io.Reader, dryRun bool, progress func(lines int)) (*ImportReport, error) {
	if c.Kind == KindTemplate && c.Rules.AutoApply {
		return nil, errs.New(errs.Conflict, "The coupon %s takes no codes.", c.Slug)
	}
	in := &lineReader{r: bufio.NewReaderSize(r, 1<<16)}
	report, columns := &ImportReport{Problems: []Problem{}}, []string{"code"}
	batch, seen := make([]ImportLine, 0, importBatch), map[string]int{}
	flush := func() error {
		err := s.flush(ctx, to, batch, dryRun, report)
		batch = batch[:0]
		progress(report.Lines)
		return err
	}
	for {
		text, err := in.next()
		if errors.Is(err, io.EOF) {
			return report, flush()
		}
		if err != nil {
			return report, err
		}
		if text = strings.TrimRight(text, "\r\n"); strings.TrimSpace(text) == "" {
			continue
		}
		if in.line == 1 {
			if named, isHead := head(text); isHead {
				columns = named
				continue
			}
		}
		report.Lines++
		line, fault := s.parse(c, columns, text, in.line)
		if fault != "" {
			report.fault(in.line, "%s", fault)
			continue
		}
		key := Normalize(line.Code.Text)
		if first, twice := seen[key]; twice {
			report.fault(in.line, "the code %s is there twice, first in line %d", line.Code.Text, first)
			continue
		}
		seen[key] = in.line
		if batch = append(batch, line); len(batch) == importBatch {
			if err := flush(); err != nil {
				return report, err
			}
		}
	}
}

func (s *Campaigns) flush(ctx context.Context, to Importer, batch []ImportLine, dryRun bool, report *ImportReport) error {
	if len(batch) == 0 {
		return nil
	}
	write := to.ImportCodes
	if dryRun {
		write = to.TakenCodes
	}
	taken, err := write(ctx, batch)
	if err != nil {
		return fmt.Errorf("import line %d and after: %w", batch[0].Line, err)
	}
	for _, i := range taken {
		report.fault(batch[i].Line, "the code %s exists already", batch[i].Code.Text)
	}
	report.Imported += len(batch) - len(taken)
	return nil
}

// head reads a line that names columns.
func head(text string) ([]string, bool) {
	cells, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return nil, false
	}
	isHead := false
	for i := range cells {
		cells[i] = strings.ToLower(strings.TrimSpace(cells[i]))
		isHead = isHead || cells[i] == "code"
	}
	return cells, isHead
}

// parse reads one line, and says what is wrong with it.
func (s *Campaigns) parse(c *Coupon, columns []string, text string, line int) (ImportLine, string) {
	l := ImportLine{Line: line, Code: Code{CouponID: c.ID, MaxUses: c.Rules.Limits.PerCode, Status: StatusActive, CreatedAt: s.Now()}}
	if !utf8.ValidString(text) {
		return l, "the line is not UTF-8; save the file as UTF-8"
	}
	if len(text) > maxLine {
		return l, "the line is too long"
	}
	reader := csv.NewReader(strings.NewReader(text))
	cells, err := reader.Read()
	if err != nil {
		return l, "the quotes do not match"
	}
	for i, cell := range cells {
		if i >= len(columns) {
			return l, fmt.Sprintf("there are %d cells for %d columns", len(cells), len(columns))
		}
		if fault := l.set(columns[i], unsafe(strings.TrimSpace(cell))); fault != "" {
			return l, fault
		}
	}
	switch key := Normalize(l.Code.Text); {
	case utf8.RuneCountInString(key) < 3:
		return l, fmt.Sprintf("%q is no code: it needs at least three characters", l.Code.Text)
	case utf8.RuneCountInString(l.Code.Text) > maxCode:
		return l, "the code is too long"
	}
	return l, ""
}

func (l *ImportLine) set(column, cell string) string {
	if cell == "" {
		return ""
	}
	switch column {
	case "code":
		l.Code.Text = cell
	case "max_uses":
		n, err := strconv.Atoi(cell)
		if err != nil || n < 0 || n > maxUses {
			return fmt.Sprintf("max_uses %q is no number of uses", cell)
		}
		l.Code.MaxUses = n
	case "starts_at", "expires_at":
		at, err := time.Parse(time.RFC3339, cell)
		if err != nil {
			if at, err = time.Parse("2006-01-02", cell); err != nil {
				return fmt.Sprintf("%s %q is no date; write it like 2026-12-31 or 2026-12-31T23:59:00Z", column, cell)
			}
		}
		if column == "starts_at" {
			l.Code.StartsAt = &at
		} else {
			l.Code.ExpiresAt = &at
		}
	case "email":
		email, err := contact.CheckEmail(cell)
		if err != nil {
			return fmt.Sprintf("%q is no e-mail address", cell)
		}
		l.Email = email
	}
	return "" // other columns, such as those of an export, are left alone
}

// lineReader reads lines of any length and remembers no more of one than it may
// have.
type lineReader struct {
	r    *bufio.Reader
	line int
}

func (l *lineReader) next() (string, error) {
	var text []byte
	for {
		part, isPrefix, err := l.r.ReadLine()
		if err != nil {
			return "", err
		}
		if len(text) <= maxLine {
			text = append(text, part...)
		}
		if !isPrefix {
			break
		}
	}
	l.line++
	if l.line == 1 {
		if len(text) > 1 && (text[0] == 0xFF && text[1] == 0xFE || text[0] == 0xFE && text[1] == 0xFF) {
			return "", errs.New(errs.Invalid, "The file is UTF-16. Save it as UTF-8 and try again.")
		}
		text = []byte(strings.TrimPrefix(string(text), "\ufeff"))
	}
	return string(text), nil
}
