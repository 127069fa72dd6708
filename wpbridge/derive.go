package wpbridge

import (
	"fmt"
	"slices"
)

// Derive returns the newest key for a purpose of the caller's own, named by an
// info that no token uses. It fails with ErrNoKeys.
func (k Keys) Derive(info string) ([]byte, error) {
	secret, ok := k.derive(k.newest, info)
	if !ok {
		return nil, fmt.Errorf("derive key: %w", ErrNoKeys)
	}
	return slices.Clone(secret), nil
}
