package wpdb

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // WordPress's old formats are made of it
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/blake2b"
)

const (
	maxPassword  = 4096
	maxBcrypt    = 72 // PHP cuts here, Go refuses
	phpassRounds = "B"
	itoa64       = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// ErrHashFormat says that only WordPress itself can check this hash.
var ErrHashFormat = errors.New("hash format is not handled here")

// NewPassHash returns the user_pass of a user to whom no password is known: the
// hash, in the format of that WordPress version, of random bytes that are thrown
// away. It is cheap, because nobody can guess 24 random bytes anyway; still, call
// it before the transaction.
func NewPassHash(wpVersion string) (string, error) {
	if _, ok := parseVersion(wpVersion); !ok {
		return "", fmt.Errorf("password hash: unknown WordPress version %q", wpVersion)
	}
	var raw [24]byte
	_, _ = rand.Read(raw[:]) // never fails: it ends the program instead
	password := base64.RawURLEncoding.EncodeToString(raw[:])
	if v, _ := parseVersion(wpVersion); !v.atLeast(6, 8) {
		return HashPhpass(password), nil
	}
	return HashPassword(password, bcrypt.MinCost)
}

// HashPassword returns what wp_hash_password writes from WordPress 6.8 on. Like it,
// it trims the password.
func HashPassword(password string, cost int) (string, error) {
	if len(password) > maxPassword {
		return "", errors.New("password hash: the password is too long")
	}
	h, err := bcrypt.GenerateFromPassword(prehash(strings.Trim(password, phpSpace)), cost)
	if err != nil {
		return "", fmt.Errorf("password hash: %w", err)
	}
	// Go writes $2a$; PHP would take that for a hash to renew.
	return "$wp$2y" + strings.TrimPrefix(string(h), "$2a"), nil
}

// HashPhpass returns what WordPress wrote before 6.8 and every version accepts.
func HashPhpass(password string) string {
	var raw [6]byte
	_, _ = rand.Read(raw[:])
	h, _ := phpass(strings.Trim(password, phpSpace), "$P$"+phpassRounds+phpassEncode(raw[:])) // the setting is valid
	return h
}

// CheckHash reports whether a hash is of the password, as wp_check_password of
// WordPress 6.8 does: it does not trim. Nobody is logged in by it.
func CheckHash(password, hash string) (bool, error) {
	if len(hash) <= 32 {
		sum := md5.Sum([]byte(password))
		return subtle.ConstantTimeCompare([]byte(hash), []byte(hex.EncodeToString(sum[:]))) == 1, nil
	}
	if len(password) > maxPassword {
		return false, nil
	}
	switch {
	case strings.HasPrefix(hash, "$wp"):
		return checkBcrypt(prehash(password), hash[len("$wp"):])
	case strings.HasPrefix(hash, "$P$"):
		got, err := phpass(password, hash)
		return err == nil && subtle.ConstantTimeCompare([]byte(got), []byte(hash)) == 1, nil
	case strings.HasPrefix(hash, "$2"):
		password, _, _ = strings.Cut(password, "\x00") // crypt(3) reads C strings
		return checkBcrypt([]byte(password[:min(len(password), maxBcrypt)]), hash)
	}
	return false, ErrHashFormat
}

// FastHash is wp_fast_hash: what WordPress stores of random keys from 6.8 on.
func FastHash(message string) string {
	h, _ := blake2b.New(30, []byte("wp_fast_hash_6.8+")) // size and key are valid
	_, _ = h.Write([]byte(message))
	return "$generic$" + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func checkBcrypt(password []byte, hash string) (bool, error) {
	if !strings.HasPrefix(hash, "$2") {
		return false, ErrHashFormat
	}
	return bcrypt.CompareHashAndPassword([]byte(hash), password) == nil, nil
}

// prehash brings a password of any length under bcrypt's 72 bytes.
func prehash(password string) []byte {
	m := hmac.New(sha512.New384, []byte("wp-sha384"))
	_, _ = m.Write([]byte(password))
	return []byte(base64.StdEncoding.EncodeToString(m.Sum(nil)))
}

// phpass computes the portable hash under a setting, which may be a whole hash.
func phpass(password, setting string) (string, error) {
	if len(setting) < 12 || setting[:3] != "$P$" {
		return "", ErrHashFormat
	}
	log2 := strings.IndexByte(itoa64, setting[3])
	if log2 < 7 || log2 > 30 {
		return "", ErrHashFormat
	}
	h := md5.Sum([]byte(setting[4:12] + password))
	buf := make([]byte, 0, len(h)+len(password))
	for range 1 << log2 {
		buf = append(append(buf[:0], h[:]...), password...)
		h = md5.Sum(buf)
	}
	return setting[:12] + phpassEncode(h[:]), nil
}

// phpassEncode writes 6 bits a letter, the lowest first.
func phpassEncode(in []byte) string {
	var b strings.Builder
	for len(in) > 0 {
		group := in[:min(3, len(in))]
		in = in[len(group):]
		v := 0
		for i, c := range group {
			v |= int(c) << (8 * i)
		}
		for range len(group) + 1 {
			b.WriteByte(itoa64[v&0x3f])
			v >>= 6
		}
	}
	return b.String()
}
