package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
)

// client is one connection that is kept open. It does as little as HTTP
// allows: what it costs is shared by both sides of a contest and would bring
// their ratio nearer to 1 than it is.
type client struct {
	conn net.Conn
	host string
	in   *bufio.Reader
	out  bytes.Buffer
}

func dial(url string) (*client, error) {
	host := strings.TrimPrefix(url, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, host: host, in: bufio.NewReader(conn)}, nil
}

// do sends a request and returns the answer's status and body. headers are
// whole lines.
func (c *client) do(method, path, headers string, body []byte) (int, []byte, error) {
	c.out.Reset()
	fmt.Fprintf(&c.out, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n",
		method, path, c.host, headers, len(body))
	c.out.Write(body)
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return 0, nil, err
	}
	status, length, err := c.head()
	if err != nil {
		return 0, nil, err
	}
	if length < 0 {
		body, err = io.ReadAll(httputil.NewChunkedReader(c.in))
		if err == nil {
			_, err = c.in.ReadString('\n')
		}
		return status, body, err
	}
	body = make([]byte, length)
	_, err = io.ReadFull(c.in, body)
	return status, body, err
}

// head reads the status line and the headers; the length is -1 when the body
// comes in chunks.
func (c *client) head() (status, length int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if status, err = strconv.Atoi(string(line[len("HTTP/1.1 "):len("HTTP/1.1 200")])); err != nil {
		return 0, 0, fmt.Errorf("status line %q: %w", line, err)
	}
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, 0, err
		}
		if len(line) == len("\r\n") {
			return status, length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch string(name) {
		case "Content-Length":
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, 0, err
			}
		case "Transfer-Encoding":
			length = -1
		}
	}
}

func dialAll(n int, url string) ([]*client, error) {
	clients := make([]*client, n)
	for i := range clients {
		var err error
		if clients[i], err = dial(url); err != nil {
			return nil, err
		}
	}
	return clients, nil
}
