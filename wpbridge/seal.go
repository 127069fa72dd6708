package wpbridge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const (
	secretsInfo = "tillside/v1/secrets"
	sealVersion = "v1"
)

// ErrSealed says that a stored secret cannot be read with the keys at hand.
var ErrSealed = errors.New("the stored secret cannot be decrypted with the present keys")

// Seal encrypts a secret for storage under the newest key. ad names the place
// where it is stored ("gateway/stripe/secret_key"): what is sealed for one place
// cannot be opened at another. The result is ASCII and begins with the key's id.
func (k Keys) Seal(plain []byte, ad string) (string, error) {
	if k.IsEmpty() {
		return "", fmt.Errorf("seal %s: %w", ad, ErrNoKeys)
	}
	aead, err := k.secretsCipher(k.newest)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", ad, err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails: it ends the program instead
	box := aead.Seal(nonce, nonce, plain, sealedData(k.newest, ad))
	return sealVersion + "." + k.newest + "." + base64.RawURLEncoding.EncodeToString(box), nil
}

// Open returns what Seal was given, or an error that wraps ErrSealed when the key
// is gone, the place is another one or the text was changed.
func (k Keys) Open(sealed, ad string) ([]byte, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != sealVersion {
		return nil, fmt.Errorf("open %s: not a sealed secret: %w", ad, ErrSealed)
	}
	id := parts[1]
	if !k.Has(id) {
		return nil, fmt.Errorf("open %s: no key %q: %w", ad, id, ErrSealed)
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return nil, fmt.Errorf("open %s: not base64: %w", ad, ErrSealed)
	}
	aead, err := k.secretsCipher(id)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", ad, err)
	}
	if len(box) < aead.NonceSize() {
		return nil, fmt.Errorf("open %s: too short: %w", ad, ErrSealed)
	}
	plain, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], sealedData(id, ad))
	if err != nil {
		return nil, fmt.Errorf("open %s: wrong key, place or text: %w", ad, ErrSealed)
	}
	return plain, nil
}

// IsStale reports whether a sealed secret was not made with the newest key and
// should be sealed again.
func (k Keys) IsStale(sealed string) bool {
	return !strings.HasPrefix(sealed, sealVersion+"."+k.newest+".")
}

func (k Keys) secretsCipher(id string) (cipher.AEAD, error) {
	secret, ok := k.derive(id, secretsInfo)
	if !ok {
		return nil, fmt.Errorf("no key %q", id)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func sealedData(id, ad string) []byte {
	return []byte(sealVersion + "\x00" + id + "\x00" + ad)
}
