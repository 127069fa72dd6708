package wpbridge

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// call evaluates the few functions that wp-config files use for their settings. The
// name has been read, the bracket not.
func (p *phpParser) call(name string) phpValue {
	name = strings.ToLower(strings.TrimPrefix(name, `\`))
	p.take("(")
	var args []phpValue
	for !p.take(")") {
		if p.peek().kind == tokenEnd {
			return unknown("is computed")
		}
		args = append(args, p.value(",", ")"))
		if !p.take(",") && !p.peek().is(")") {
			return unknown("calls %s()", name)
		}
	}
	for _, a := range args {
		if a.kind == valueUnknown {
			return a
		}
	}
	return p.apply(name, args)
}

// apply is what a function returns for known arguments.
func (p *phpParser) apply(name string, args []phpValue) phpValue {
	arg := func(i int) string {
		if i < len(args) {
			text, _ := args[i].asText()
			return text
		}
		return ""
	}
	switch name {
	case "getenv", "env":
		if v := p.getenv(arg(0)); v != "" {
			return stringValue(v)
		}
		if name == "env" && len(args) > 1 {
			return args[1]
		}
		return phpValue{kind: valueFalse, why: envWhy(arg(0))}
	case "getenv_docker":
		return p.getenvDocker(arg(0), arg(1))
	case "defined":
		_, ok := p.consts(arg(0))
		return boolValue(ok)
	case "isset":
		return boolValue(len(args) > 0 && args[0].kind != valueNull)
	case "empty":
		return not(firstOf(args))
	case "trim":
		return stringValue(strings.Trim(arg(0), " \t\n\r\x00\x0b"))
	case "rtrim":
		return stringValue(strings.TrimRight(arg(0), orDefault(arg(1), " \t\n\r\x00\x0b")))
	case "strval":
		return stringValue(arg(0))
	case "dirname":
		dir := filepath.Dir(arg(0))
		if arg(1) == "2" {
			dir = filepath.Dir(dir)
		}
		return stringValue(dir)
	case "file_exists", "is_readable", "is_file":
		_, err := os.Stat(arg(0))
		return boolValue(err == nil)
	case "file_get_contents":
		text, err := readLimited(arg(0))
		if err != nil {
			return unknown("comes from the file %s, which Tillside cannot read", arg(0))
		}
		return stringValue(text)
	}
	return unknown("calls %s()", name)
}

func firstOf(args []phpValue) phpValue {
	if len(args) == 0 {
		return phpValue{kind: valueNull}
	}
	return args[0]
}

func orDefault(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// getenvDocker is the function of the official container's wp-config.php.
func (p *phpParser) getenvDocker(name, other string) phpValue {
	v, why := envOrFile(p.getenv, name)
	switch {
	case why != "":
		return unknown("%s", why)
	case v != "":
		return stringValue(v)
	}
	return stringValue(other)
}

// envOrFile returns an environment variable, or what the file named by NAME_FILE
// holds. why says that there is such a file and it cannot be read.
func envOrFile(getenv func(string) string, name string) (value, why string) {
	if path := getenv(name + "_FILE"); path != "" {
		text, err := readLimited(path)
		if err != nil {
			return "", "comes from " + path + " (" + name + "_FILE), which Tillside cannot read"
		}
		return strings.TrimRight(text, "\r\n"), ""
	}
	return getenv(name), ""
}

// readLimited reads a regular file of sensible size.
func readLimited(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfig {
		return "", os.ErrInvalid
	}
	f, err := os.Open(path) //nolint:gosec // the path stands in the site's own configuration
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(io.LimitReader(f, maxConfig))
	return string(b), err
}
