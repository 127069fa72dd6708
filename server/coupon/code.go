package coupon

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tillside/tillside/server/errs"
)

const (
	maxKey  = 200 // bytes, of code_key
	maxCode = 100 // characters, of code
)

// Normalize returns the key of a code: what is left of it when letter case,
// spaces, hyphens, and the alphabet that a look-alike was typed in do not count.
// Two codes with one key are one code. It returns "" for what cannot be a code.
func Normalize(text string) string {
	if len(text) > 4*maxKey || !utf8.ValidString(text) {
		return ""
	}
	var key strings.Builder
	for _, r := range norm.NFKC.String(text) {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '_':
			continue
		}
		for _, upper := range capital(r) {
			if latin, ok := lookAlikes[upper]; ok {
				upper = latin
			}
			key.WriteRune(upper)
		}
	}
	text = norm.NFC.String(key.String())
	if len(text) > maxKey {
		return ""
	}
	return text
}

// capital returns a letter in upper case; ß is the one letter of keyboards that
// becomes two.
func capital(r rune) string {
	if r == 'ß' || r == 'ẞ' {
		return "SS"
	}
	return strings.ToUpper(string(r))
}

// lookAlikes are capitals of other alphabets that look like Latin ones, after
// Unicode's confusables (https://www.unicode.org/reports/tr39/), the Greek and
// Cyrillic ones that keyboards have.
var lookAlikes = map[rune]rune{
	'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Ζ': 'Z', 'Η': 'H', 'Ι': 'I', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N', 'Ο': 'O', 'Ρ': 'P', 'Τ': 'T', 'Υ': 'Y', 'Χ': 'X',
	'А': 'A', 'В': 'B', 'Е': 'E', 'Ѕ': 'S', 'І': 'I', 'Ј': 'J', 'К': 'K', 'М': 'M', 'Н': 'H', 'О': 'O', 'Р': 'P', 'С': 'C', 'Т': 'T', 'У': 'Y', 'Х': 'X',
	'Ԛ': 'Q', 'Ԝ': 'W', 'Ү': 'Y', 'Һ': 'H', 'Ӏ': 'I',
}

// DefaultAlphabet is what codes are generated from: capitals and digits without
// those that are taken for one another when read aloud, printed or written by
// hand, and without the vowels that would make words.
const DefaultAlphabet = "23456789BCDFGHJKMNPQRTVWXY"

// ambiguous may not be generated: each is taken for another one.
const ambiguous = "0O1ILSU"

// Shape says what generated codes look like.
type Shape struct {
	Prefix   string `json:"prefix,omitempty"`   // before the random part; adds no strength
	Length   int    `json:"length,omitempty"`   // of the random part; 0: as many as StrongBits need
	Alphabet string `json:"alphabet,omitempty"` // "": DefaultAlphabet
}

const (
	maxRandom = 64
	minRandom = 4
	groupSize = 4
)

// Check returns the shape with its defaults, or an Invalid error on one of its
// fields. Shorter codes than StrongBits are the owner's choice.
func (s Shape) Check() (Shape, error) {
	if s.Alphabet == "" {
		s.Alphabet = DefaultAlphabet
	}
	s.Alphabet = strings.ToUpper(s.Alphabet)
	seen := map[rune]bool{}
	for _, r := range s.Alphabet {
		switch {
		case r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r):
			return s, errs.Field("alphabet", "The alphabet may have the letters A to Z and digits only.")
		case strings.ContainsRune(ambiguous, r):
			return s, errs.Field("alphabet", "%q is taken for another character; leave it out of the alphabet.", string(r))
		case seen[r]:
			return s, errs.Field("alphabet", "%q is in the alphabet twice.", string(r))
		}
		seen[r] = true
	}
	if len(s.Alphabet) < 8 {
		return s, errs.Field("alphabet", "The alphabet needs at least 8 characters.")
	}
	if s.Length == 0 {
		s.Length = int(math.Ceil(StrongBits / math.Log2(float64(len(s.Alphabet)))))
	}
	if s.Length < minRandom || s.Length > maxRandom {
		return s, errs.Field("length", "The length must be between %d and %d.", minRandom, maxRandom)
	}
	for _, r := range s.Prefix {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' {
			return s, errs.Field("prefix", "The prefix may have the letters A to Z, digits and hyphens only.")
		}
	}
	if len(s.Prefix) > 20 {
		return s, errs.Field("prefix", "The prefix may have at most 20 characters.")
	}
	s.Prefix = strings.Trim(strings.ToUpper(s.Prefix), "-")
	return s, nil
}

// Bits returns how hard codes of a shape that Check returned are to guess.
func (s Shape) Bits() int {
	return int(float64(s.Length) * math.Log2(float64(len(s.Alphabet))))
}

// Generate returns a random code of a shape that Check returned, in groups for
// reading: "SPRING-7KQ2-XW9T-…".
func (s Shape) Generate() string {
	var code strings.Builder
	code.Grow(len(s.Prefix) + s.Length + s.Length/groupSize + 1)
	code.WriteString(s.Prefix)
	var pool [4 * maxRandom]byte
	left := pool[:0]
	size := uint32(len(s.Alphabet))
	// What is left over above a multiple of the size is drawn again, so that
	// no character comes more often than another.
	limit := math.MaxUint16 - math.MaxUint16%size
	for n := 0; n < s.Length; {
		if len(left) < 2 {
			_, _ = rand.Read(pool[:]) // never fails; see crypto/rand
			left = pool[:]
		}
		v := uint32(binary.LittleEndian.Uint16(left))
		left = left[2:]
		if v >= limit {
			continue
		}
		if n%groupSize == 0 && code.Len() > 0 {
			code.WriteByte('-')
		}
		code.WriteByte(s.Alphabet[v%size])
		n++
	}
	return code.String()
}
