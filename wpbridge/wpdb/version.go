package wpdb

import (
	"regexp"
	"strconv"
)

// A suffix other than a third number is a pre-release, and not tested.
var versionForm = regexp.MustCompile(`^([0-9]{1,3})\.([0-9]{1,3})(?:\.[0-9]{1,3})?$`)

// version is a major and a minor number: 6.8 is {6, 8}.
type version struct{ major, minor int }

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

func parseVersion(s string) (version, bool) {
	m := versionForm.FindStringSubmatch(s)
	if m == nil {
		return version{}, false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return version{major, minor}, true
}

// Tested reports whether the rows of CreateUser were compared with those of that
// WordPress version: 6.8 to 7.1. On any other the plugin makes the user.
func Tested(wpVersion string) bool {
	switch v, _ := parseVersion(wpVersion); v {
	case version{6, 8}, version{6, 9}, version{7, 0}, version{7, 1}:
		return true
	}
	return false
}
