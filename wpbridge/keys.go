package wpbridge

import (
	"cmp"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	keyLen     = 32
	maxKeys    = 64
	maxKeysLen = 16 << 10
)

// Letters first: PHP turns array keys such as "1" into integers.
var keyID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,31}$`)

// ErrNoKeys says that there is no key to sign or seal with.
var ErrNoKeys = errors.New("there are no Tillside keys")

// Keys are the secrets that Tillside and the plugin share, by key id. The newest
// signs, all verify. The zero value is empty. Keys never change once made, and
// printing them shows their ids only.
type Keys struct {
	byID   map[string]key
	newest string
}

type key struct {
	secret  []byte
	created int64
	// derived keeps the keys of the purposes that were asked for, by info:
	// deriving costs as much as checking the rest of a token.
	derived *sync.Map
}

type keyJSON struct {
	Secret  string `json:"s"`
	Created int64  `json:"created"`
}

// ParseKeys reads the JSON of TILLSIDE_KEYS or of the option tillside_keys:
// {"k1":{"s":"<base64 of 32 bytes>","created":1760000000}}. Its errors name key
// ids and never contain a secret.
func ParseKeys(text string) (Keys, error) {
	if len(text) > maxKeysLen {
		return Keys{}, fmt.Errorf("parse keys: longer than %d bytes", maxKeysLen)
	}
	var in map[string]keyJSON
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		// The decoder's own text may quote what it read.
		return Keys{}, errors.New(`parse keys: not JSON of the form {"k1":{"s":"…","created":1760000000}}`)
	}
	if len(in) == 0 {
		return Keys{}, fmt.Errorf("parse keys: %w", ErrNoKeys)
	}
	if len(in) > maxKeys {
		return Keys{}, fmt.Errorf("parse keys: more than %d keys", maxKeys)
	}
	byID := make(map[string]key, len(in))
	for id, k := range in {
		if !keyID.MatchString(id) {
			return Keys{}, fmt.Errorf("parse keys: key id %q is not a letter followed by letters, digits, - or _", id)
		}
		secret, err := base64.StdEncoding.DecodeString(k.Secret)
		if err != nil || len(secret) != keyLen {
			return Keys{}, fmt.Errorf("parse keys: the secret of %s is not base64 of %d bytes", id, keyLen)
		}
		if k.Created <= 0 {
			return Keys{}, fmt.Errorf("parse keys: %s has no time of creation", id)
		}
		byID[id] = key{secret: secret, created: k.Created, derived: new(sync.Map)}
	}
	return newKeys(byID), nil
}

// GenerateKeys returns one new key.
func GenerateKeys(now time.Time) Keys { return Keys{}.Rotate(now) }

// Rotate returns the keys with a new one added, which signs from now on.
func (k Keys) Rotate(now time.Time) Keys {
	byID := maps.Clone(k.byID)
	if byID == nil {
		byID = map[string]key{}
	}
	n := 1
	for ; ; n++ {
		if _, taken := byID["k"+strconv.Itoa(n)]; !taken {
			break
		}
	}
	created := now.Unix()
	if old, ok := byID[k.newest]; ok && created <= old.created {
		created = old.created + 1
	}
	secret := make([]byte, keyLen)
	_, _ = rand.Read(secret) // never fails: it ends the program instead
	byID["k"+strconv.Itoa(n)] = key{secret: secret, created: created, derived: new(sync.Map)}
	return newKeys(byID)
}

// Merge returns the keys of both. Where both have an id, k's stands.
func (k Keys) Merge(other Keys) Keys {
	byID := maps.Clone(other.byID)
	if byID == nil {
		byID = map[string]key{}
	}
	maps.Copy(byID, k.byID)
	return newKeys(byID)
}

// Without returns the keys but the one with that id.
func (k Keys) Without(id string) Keys {
	byID := maps.Clone(k.byID)
	delete(byID, id)
	return newKeys(byID)
}

func newKeys(byID map[string]key) Keys {
	k := Keys{byID: byID}
	for id, c := range byID {
		best, ok := byID[k.newest]
		if !ok || cmp.Or(cmp.Compare(c.created, best.created), cmp.Compare(id, k.newest)) > 0 {
			k.newest = id
		}
	}
	return k
}

// JSON returns the keys as ParseKeys reads them, secrets included.
func (k Keys) JSON() string {
	out := make(map[string]keyJSON, len(k.byID))
	for id, c := range k.byID {
		out[id] = keyJSON{Secret: base64.StdEncoding.EncodeToString(c.secret), Created: c.created}
	}
	b, _ := json.Marshal(out) // strings and integers cannot fail
	return string(b)
}

// Newest returns the id of the key that signs, or "" when there is none.
func (k Keys) Newest() string { return k.newest }

// IDs returns the ids of all keys, sorted.
func (k Keys) IDs() []string { return slices.Sorted(maps.Keys(k.byID)) }

// IsEmpty reports whether there is no key.
func (k Keys) IsEmpty() bool { return len(k.byID) == 0 }

// Has reports whether there is a key with that id.
func (k Keys) Has(id string) bool {
	_, ok := k.byID[id]
	return ok
}

// String returns the ids, so that a log line cannot show a secret.
func (k Keys) String() string { return fmt.Sprintf("keys %v", k.IDs()) }

// GoString does the same for %#v.
func (k Keys) GoString() string { return k.String() }

// MarshalJSON refuses: secrets leave only through JSON, called by name.
func (k Keys) MarshalJSON() ([]byte, error) {
	return nil, errors.New("keys are not marshalled; call JSON")
}

// derive returns the key of one purpose under one id. The key is shared: nobody
// may change it.
func (k Keys) derive(id, info string) ([]byte, bool) {
	c, ok := k.byID[id]
	if !ok {
		return nil, false
	}
	if known, ok := c.derived.Load(info); ok {
		return known.([]byte), true
	}
	out, err := hkdf.Key(sha256.New, c.secret, nil, info, keyLen)
	if err != nil {
		return nil, false
	}
	c.derived.Store(info, out)
	return out, true
}
