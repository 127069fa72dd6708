package mysqltest

import (
	"bytes"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// Wire is the line to the database, which a test can cut.
type Wire struct {
	DSN string // of the database through the wire

	server   string // address of the database
	network  string
	listener net.Listener

	mu     sync.Mutex
	cut    bool
	losing bool // a commit loses its answer
	after  int  // so many later
	open   map[net.Conn]bool
}

// NewWire lays a wire to the database of a DSN.
func NewWire(tb testing.TB, dsn string) *Wire {
	tb.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	w := &Wire{server: cfg.Addr, network: cfg.Net, open: map[net.Conn]bool{}}
	path := filepath.Join(tb.TempDir(), "db.sock")
	if w.listener, err = net.Listen("unix", path); err != nil {
		tb.Fatal(err)
	}
	cfg.Net, cfg.Addr = "unix", path
	w.DSN = cfg.FormatDSN()
	var lines sync.WaitGroup
	lines.Go(func() {
		for {
			client, err := w.listener.Accept()
			if err != nil {
				return
			}
			lines.Go(func() { w.carry(client) })
		}
	})
	tb.Cleanup(func() {
		_ = w.listener.Close() // ends the loop above
		w.Cut()
		lines.Wait()
	})
	return w
}

// Cut breaks every connection and refuses new ones until Mend.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for conn := range w.open {
		_ = conn.Close() // that is the point
	}
}

// Mend lets connections through again.
func (w *Wire) Mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = false
}

// LoseCommit makes one commit happen without an answer: the database does it, and
// the connection breaks. It is the next one, or the one after as many others.
func (w *Wire) LoseCommit(after int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losing, w.after = true, after
}

// enter notes a connection; false when the wire is cut.
func (w *Wire) enter(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range conns {
		if w.cut {
			_ = conn.Close() // refused
			continue
		}
		w.open[conn] = true
	}
	return !w.cut
}

func (w *Wire) leave(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close() // it may be closed already
		delete(w.open, conn)
	}
}

func (w *Wire) carry(client net.Conn) {
	server, err := net.Dial(w.network, w.server)
	if err != nil {
		_ = client.Close() // the database is away by itself
		return
	}
	if !w.enter(client, server) {
		return
	}
	defer w.leave(client, server)
	var back sync.WaitGroup
	var mu sync.Mutex
	losing := false
	back.Go(func() {
		defer client.Close() //nolint:errcheck // the other side ended
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			mu.Lock()
			lost := losing
			mu.Unlock()
			if err != nil || lost {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			break
		}
		if w.losesCommit(buffer[:n]) {
			mu.Lock()
			losing = true
			mu.Unlock()
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			break
		}
	}
	_ = server.Close() // ends the reader
	back.Wait()
}

// losesCommit tells a packet that is the query COMMIT and must lose its answer.
func (w *Wire) losesCommit(packet []byte) bool {
	if !bytes.HasSuffix(packet, []byte("\x03COMMIT")) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.losing || w.after > 0 {
		w.after--
		return false
	}
	w.losing = false
	return true
}
