package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// CRMStore implements crm.Store.
type CRMStore struct{ db *DB }

// NewCRMStore returns a CRMStore that reads and writes db.
func NewCRMStore(db *DB) *CRMStore { return &CRMStore{db} }

type connectionRow struct {
	ID          int64      `db:"id"`
	Slug        string     `db:"slug"`
	Kind        string     `db:"kind"`
	Name        string     `db:"name"`
	Status      string     `db:"status"`
	Account     string     `db:"account"`
	Credentials string     `db:"credentials"`
	Settings    string     `db:"settings"`
	HookHash    []byte     `db:"hook_hash"`
	HookSecret  *string    `db:"hook_secret"`
	OldHash     []byte     `db:"old_hook_hash"`
	OldUntil    *time.Time `db:"old_hook_until"`
	Lists       *string    `db:"lists"`
	ListsAt     *time.Time `db:"lists_at"`
	CreatedAt   time.Time  `db:"created_at"`
	UpdatedAt   time.Time  `db:"updated_at"`
}

const selectConnections = `
	SELECT id, slug, kind, name, status, account, credentials, settings, hook_hash, hook_secret, old_hook_hash, old_hook_until, lists,
		lists_at, created_at, updated_at
	FROM {crm_connections}`

func (r *connectionRow) connection() (*crm.Connection, error) {
	c := &crm.Connection{
		ID: r.ID, Slug: r.Slug, Kind: r.Kind, Name: r.Name, Status: crm.Status(r.Status), Account: r.Account, Credentials: r.Credentials,
		HookSecret: textOrEmpty(r.HookSecret), ListsAt: r.ListsAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	copy(c.HookHash[:], r.HookHash)
	copy(c.OldHash[:], r.OldHash)
	if r.OldUntil != nil {
		c.OldUntil = *r.OldUntil
	}
	if err := json.Unmarshal([]byte(r.Settings), &c.Settings); err != nil {
		return nil, fmt.Errorf("settings of connection %s: %w", r.Slug, err)
	}
	if r.Lists != nil {
		if err := json.Unmarshal([]byte(*r.Lists), &c.Lists); err != nil {
			return nil, fmt.Errorf("lists of connection %s: %w", r.Slug, err)
		}
	}
	return c, nil
}

// connectionColumns are what AddConnection and UpdateConnection both write.
func connectionColumns(c *crm.Connection) ([]any, error) {
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return nil, err
	}
	var until *time.Time
	if !c.OldUntil.IsZero() {
		until = new(c.OldUntil.UTC())
	}
	return []any{
		c.Name, c.Status, c.Account, c.Credentials, string(settings), hashOrNull(c.HookHash), textOrNull(c.HookSecret), hashOrNull(c.OldHash), until,
		c.UpdatedAt.UTC(),
	}, nil
}

// AddConnection implements crm.Store.
func (s *CRMStore) AddConnection(ctx context.Context, c *crm.Connection) error {
	const query = `
		INSERT INTO {crm_connections} (name, status, account, credentials, settings, hook_hash, hook_secret, old_hook_hash, old_hook_until,
			updated_at, slug, kind, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	values, err := connectionColumns(c)
	if err != nil {
		return err
	}
	c.ID, err = s.db.insert(ctx, query, append(values, c.Slug, c.Kind, c.CreatedAt.UTC())...)
	if isDuplicate(err) {
		return errs.New(errs.Conflict, "There is already a connection %q.", c.Slug)
	}
	if err != nil {
		return fmt.Errorf("insert connection: %w", err)
	}
	return nil
}

// UpdateConnection implements crm.Store.
func (s *CRMStore) UpdateConnection(ctx context.Context, c *crm.Connection) error {
	const query = `
		UPDATE {crm_connections}
		SET name = ?, status = ?, account = ?, credentials = ?, settings = ?, hook_hash = ?, hook_secret = ?, old_hook_hash = ?,
			old_hook_until = ?, updated_at = ?
		WHERE id = ?`

	values, err := connectionColumns(c)
	if err != nil {
		return err
	}
	if _, err := s.db.exec(ctx, query, append(values, c.ID)...); err != nil {
		return fmt.Errorf("update connection %s: %w", c.Slug, err)
	}
	return nil
}

// DeleteConnection implements crm.Store.
func (s *CRMStore) DeleteConnection(ctx context.Context, id int64) error {
	return s.db.inTx(ctx, func(tx *tx) error {
		for _, query := range []string{
			`DELETE FROM {crm_tags} WHERE connection_id = ?`,
			`DELETE FROM {crm_contacts} WHERE connection_id = ?`,
			`DELETE FROM {crm_connections} WHERE id = ?`,
		} {
			if _, err := tx.exec(ctx, query, id); err != nil {
				return fmt.Errorf("delete connection %d: %w", id, err)
			}
		}
		return nil
	})
}

// Connection implements crm.Store.
func (s *CRMStore) Connection(ctx context.Context, slug string) (*crm.Connection, error) {
	const query = selectConnections + `
		WHERE slug = ?`

	if !isASCII(slug) { // the server would not even compare it
		return nil, errs.New(errs.NotFound, "There is no connection %q.", slug)
	}
	return s.connection(ctx, query, slug)
}

// ConnectionByID implements crm.Store.
func (s *CRMStore) ConnectionByID(ctx context.Context, id int64) (*crm.Connection, error) {
	const query = selectConnections + `
		WHERE id = ?`
	return s.connection(ctx, query, id)
}

func (s *CRMStore) connection(ctx context.Context, query string, key any) (*crm.Connection, error) {
	var row connectionRow
	err := s.db.get(ctx, &row, query, key)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no connection %v.", key)
	}
	if err != nil {
		return nil, fmt.Errorf("select connection: %w", err)
	}
	return row.connection()
}

// FindConnections implements crm.Store.
func (s *CRMStore) FindConnections(ctx context.Context) ([]crm.Connection, error) {
	const query = selectConnections + `
		ORDER BY slug`

	var rows []connectionRow
	if err := s.db.all(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("select connections: %w", err)
	}
	list := make([]crm.Connection, len(rows))
	for i := range rows {
		c, err := rows[i].connection()
		if err != nil {
			return nil, err
		}
		list[i] = *c
	}
	return list, nil
}

// Connections implements FollowTx.
func (t *tx) Connections(ctx context.Context) ([]int64, error) {
	const query = `
		SELECT id
		FROM {crm_connections}
		WHERE status = 'active'
		ORDER BY id`

	var ids []int64
	if err := t.all(ctx, &ids, query); err != nil {
		return nil, fmt.Errorf("connections: %w", err)
	}
	return ids, nil
}

// SaveLists implements crm.Store.
func (s *CRMStore) SaveLists(ctx context.Context, connectionID int64, l crm.Lists) error {
	const query = `
		UPDATE {crm_connections}
		SET lists = ?, lists_at = ?
		WHERE id = ?`

	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if _, err := s.db.exec(ctx, query, string(text), s.db.now().UTC(), connectionID); err != nil {
		return fmt.Errorf("lists of connection %d: %w", connectionID, err)
	}
	return nil
}

// Remote implements crm.Store.
func (s *CRMStore) Remote(ctx context.Context, connectionID, contactID int64) (*crm.Remote, error) {
	const query = `
		SELECT remote_id, state, muted, told_at, read_at
		FROM {crm_contacts}
		WHERE connection_id = ? AND contact_id = ?`
	const tags = `
		SELECT tag, presence, changed_at
		FROM {crm_tags}
		WHERE connection_id = ? AND contact_id = ?`

	r := &crm.Remote{Tags: map[string]crm.RemoteTag{}}
	var row struct {
		ID     string     `db:"remote_id"`
		State  string     `db:"state"`
		Muted  bool       `db:"muted"`
		ToldAt *time.Time `db:"told_at"`
		ReadAt *time.Time `db:"read_at"`
	}
	err := s.db.get(ctx, &row, query, connectionID, contactID)
	if isNoRows(err) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("contact %d at connection %d: %w", contactID, connectionID, err)
	}
	r.ID, r.State, r.Muted, r.ToldAt, r.ReadAt = row.ID, row.State, row.Muted, row.ToldAt, row.ReadAt
	var rows []struct {
		Tag       string    `db:"tag"`
		Presence  int8      `db:"presence"`
		ChangedAt time.Time `db:"changed_at"`
	}
	if err := s.db.all(ctx, &rows, tags, connectionID, contactID); err != nil {
		return nil, fmt.Errorf("tags of contact %d at connection %d: %w", contactID, connectionID, err)
	}
	for _, row := range rows {
		r.Tags[row.Tag] = crm.RemoteTag{Presence: crm.Presence(row.Presence), ChangedAt: row.ChangedAt}
	}
	return r, nil
}

// ContactOf implements crm.Store.
func (s *CRMStore) ContactOf(ctx context.Context, connectionID int64, remoteID string) (int64, error) {
	const query = `
		SELECT contact_id
		FROM {crm_contacts}
		WHERE connection_id = ? AND remote_id = ?
		ORDER BY contact_id
		LIMIT 1`

	var id int64
	if !isASCII(remoteID) {
		return 0, errNoContact()
	}
	err := s.db.get(ctx, &id, query, connectionID, remoteID)
	if isNoRows(err) {
		return 0, errNoContact()
	}
	if err != nil {
		return 0, fmt.Errorf("contact %s of connection %d: %w", remoteID, connectionID, err)
	}
	return id, nil
}

// SaveRemote implements crm.Store.
func (s *CRMStore) SaveRemote(ctx context.Context, connectionID, contactID int64, r *crm.Remote, tags map[string]crm.Presence) error {
	return s.db.inTx(ctx, func(tx *tx) error { return tx.saveRemote(ctx, connectionID, contactID, r, tags) })
}

func (t *tx) saveRemote(ctx context.Context, connectionID, contactID int64, r *crm.Remote, tags map[string]crm.Presence) error {
	const query = `
		INSERT INTO {crm_contacts} (connection_id, contact_id, remote_id, state, muted, told_at, read_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE remote_id = VALUES(remote_id), state = VALUES(state), muted = VALUES(muted),
			told_at = COALESCE(VALUES(told_at), told_at), read_at = COALESCE(VALUES(read_at), read_at)`
	const tag = `
		INSERT INTO {crm_tags} (connection_id, contact_id, tag, presence, changed_at)
		VALUES (?, ?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE presence = VALUES(presence), changed_at = VALUES(changed_at)`

	if _, err := t.exec(ctx, query, connectionID, contactID, r.ID, r.State, r.Muted, utc(r.ToldAt), utc(r.ReadAt)); err != nil {
		return fmt.Errorf("contact %d at connection %d: %w", contactID, connectionID, err)
	}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		if _, err := t.exec(ctx, tag, connectionID, contactID, name, tags[name], t.now().UTC()); err != nil {
			return fmt.Errorf("tag of contact %d at connection %d: %w", contactID, connectionID, err)
		}
	}
	return nil
}

// Change implements crm.Store.
func (s *CRMStore) Change(ctx context.Context, connectionID int64, c contact.Change, r *crm.Remote, tags map[string]crm.Presence) (*contact.Changed, error) {
	var changed *contact.Changed
	err := s.db.inTx(ctx, func(tx *tx) error {
		var err error
		if changed, err = contact.Apply(ctx, tx, c, tx.now()); err != nil {
			return err
		}
		return tx.saveRemote(ctx, connectionID, c.ContactID, r, tags)
	})
	return changed, err
}

// Resync implements crm.Store.
func (s *CRMStore) Resync(ctx context.Context, connectionID, contactID int64, urgency job.Priority) error {
	return s.db.inTx(ctx, func(tx *tx) error {
		m := crm.Mirror{Changed: contact.Changed{ContactID: contactID, Urgent: urgency}, Resync: true}
		return tx.Replace(ctx, crm.MirrorJob(connectionID, m, tx.now()))
	})
}

// isASCII reports whether a text can be compared with a column in ASCII.
func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
