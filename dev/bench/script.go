package main

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"

	driver "github.com/go-sql-driver/mysql"

	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
)

// recorder listens on the connections to the database and keeps what was sent.
type recorder struct {
	mu   sync.Mutex
	sent []string
	err  error
}

const recordedNet = "recorded"

// dsn returns the stand's DSN by way of the recorder.
func (r *recorder) dsn(dsn string) (string, error) {
	cfg, err := driver.ParseDSN(dsn)
	if err != nil {
		return "", err
	}
	network := cfg.Net
	driver.RegisterDialContext(recordedNet, func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return &recordedConn{Conn: conn, to: r}, err
	})
	cfg.Net = recordedNet
	return cfg.FormatDSN(), nil
}

// take returns what was sent since the last call.
func (r *recorder) take() ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent = nil
	return sent, r.err
}

type recordedConn struct {
	net.Conn
	to *recorder
}

// The commands of the MySQL protocol that matter here.
const (
	comQuery   = 0x03
	comPrepare = 0x16
)

// Write implements net.Conn. The driver sends a command as one packet with one
// call: three bytes of length, a sequence number, the command.
func (c *recordedConn) Write(packet []byte) (int, error) {
	if len(packet) > 5 && packet[3] == 0 {
		c.to.mu.Lock()
		switch packet[4] {
		case comQuery:
			c.to.sent = append(c.to.sent, string(packet[5:]))
		case comPrepare:
			c.to.err = fmt.Errorf("a prepared statement was sent, which the benchmark cannot replay: %s", packet[5:])
		}
		c.to.mu.Unlock()
	}
	return c.Conn.Write(packet)
}

// script is the statements of one purchase, to be played again with values of
// their own.
type script struct {
	statements   []statement
	reads        int
	transactions int // that Tillside used
	singles      int // writes outside of them, each a commit of its own
	newValues    func() []string
}

// statement is text with gaps: parts[0] values[gaps[0]] parts[1] …
type statement struct {
	parts []string
	gaps  []int
	makes int // the value that this INSERT gives, or -1
	reads bool
}

func (s *statement) fill(values []string) string {
	var b strings.Builder
	for i, gap := range s.gaps {
		b.WriteString(s.parts[i])
		b.WriteString(values[gap])
	}
	b.WriteString(s.parts[len(s.parts)-1])
	return b.String()
}

// Ids begin at numbers that stand for nothing else, so that they can be found
// again in the text of the statements.
const idBase = 7_000_000_000

var idTables = []string{"contacts", "checkouts", "attempts", "orders", "redemptions", "counters"}

// base returns where the ids of idTables[i] begin.
func base(i int) int64 { return idBase + int64(i)*100_000_000 }

// markIDs makes the ids begin there. counters holds the order numbers.
func markIDs(s *shoptest.Stand) {
	for i, table := range idTables[:len(idTables)-1] {
		s.Exec(fmt.Sprintf("ALTER TABLE %stillside_%s AUTO_INCREMENT = %d", mysqltest.Prefix, table, base(i)+1))
	}
	s.Exec(fmt.Sprintf("UPDATE %stillside_counters SET value = %d WHERE name = 'order'", mysqltest.Prefix, base(len(idTables)-1)))
}

var (
	// What differs from purchase to purchase: random tokens and keys, hashes,
	// and ids. Strings come as the driver quotes them.
	changing  = regexp.MustCompile(`(?s)[0-9a-f]{32}|_binary'(?:[^'\\]|\\.)*'|\b7\d{9}\b`)
	tableName = regexp.MustCompile("^\\s*(?:INSERT INTO|UPDATE) `" + mysqltest.Prefix + "tillside_(\\w+)`")
)

// newScript reads what was sent for one purchase.
func newScript(sent []string) (*script, error) {
	s := &script{}
	known := map[string]int{} // a changing text, or the id's table → index of its value
	var kinds []byte          // of each value: h(ex), b(inary), s(hort binary), i(d)
	inside := false
	for _, text := range sent {
		switch {
		case text == "START TRANSACTION":
			s.transactions++
			inside = true
			continue
		case text == "COMMIT":
			inside = false
			continue
		}
		st := statement{makes: -1, reads: strings.HasPrefix(strings.TrimSpace(text), "SELECT")}
		last := 0
		for _, at := range changing.FindAllStringIndex(text, -1) {
			match := text[at[0]:at[1]]
			key, kind := match, byte('h')
			switch match[0] {
			case '_':
				if kind = 'b'; quotedLen(match) <= shortHash {
					kind = 's'
				}
			case '7':
				if n, err := strconv.ParseInt(match, 10, 64); err == nil && n > idBase {
					key, kind = idTables[(n-idBase)/100_000_000], 'i'
				}
			}
			if _, ok := known[key]; !ok {
				known[key] = len(kinds)
				kinds = append(kinds, kind)
			}
			st.parts, st.gaps = append(st.parts, text[last:at[0]]), append(st.gaps, known[key])
			last = at[1]
		}
		st.parts = append(st.parts, text[last:])
		if st.reads {
			s.reads++
		} else if !inside {
			s.singles++
		}
		s.statements = append(s.statements, st)
	}
	return s, s.bind(known, kinds)
}

// shortHash is the size of a key of which half a SHA-256 is kept.
const shortHash = 16

// quotedLen returns how many bytes a binary string has that the driver quoted.
func quotedLen(quoted string) int {
	n := 0
	for text := strings.TrimSuffix(strings.TrimPrefix(quoted, "_binary'"), "'"); text != ""; n++ {
		if text[0] == '\\' {
			text = text[1:]
		}
		text = text[1:]
	}
	return n
}

// bind finds the statements that make the ids, and makes newValues.
func (s *script) bind(known map[string]int, kinds []byte) error {
	made := map[int]bool{}
	for i := range s.statements {
		st := &s.statements[i]
		found := tableName.FindStringSubmatch(st.parts[0])
		isInsert := strings.HasPrefix(strings.TrimSpace(st.parts[0]), "INSERT")
		if found == nil || !isInsert && found[1] != "counters" {
			continue
		}
		if value, ok := known[found[1]]; ok {
			st.makes, made[value] = value, true
		}
	}
	for value, kind := range kinds {
		if kind == 'i' && !made[value] {
			return fmt.Errorf("no statement of the purchase makes an id that others use")
		}
	}
	s.newValues = func() []string {
		values := make([]string, len(kinds))
		for i, kind := range kinds {
			switch kind {
			case 'h':
				values[i] = randomHex()
			case 'b':
				values[i] = "x'" + randomHex() + randomHex() + "'"
			case 's':
				values[i] = "x'" + randomHex() + "'"
			}
		}
		return values
	}
	return nil
}
