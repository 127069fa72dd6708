package wpdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/tillside/tillside/server/errs"
)

// PluginCoupon is a coupon of another shop plugin, as its tables have it.
type PluginCoupon struct {
	ID     int64
	Code   string
	Name   string
	Status string
	// Fields are its columns and meta by their own names; a list that PHP
	// serialized, and meta that repeats, have several values.
	Fields map[string][]string
	Broken []string // names of fields that cannot be read
}

// The plugins whose coupons can be read.
const (
	PluginWooCommerce = "woocommerce"
	PluginEDD         = "edd" // Easy Digital Downloads, from 3.0 on
)

// PluginShop is what else of a plugin matters for its coupons.
type PluginShop struct {
	Currency string // ISO 4217
	// Several is set when its buyers may use several coupons at once.
	Several bool
}

// Shop returns what matters of a plugin, or errs.NotFound when this site has no
// coupons of it.
func Shop(ctx context.Context, q sqlx.ExtContext, prefix, plugin string) (PluginShop, error) {
	if plugin == PluginWooCommerce {
		return wooShop(ctx, q, prefix)
	}
	return eddShop(ctx, q, prefix)
}

func wooShop(ctx context.Context, q sqlx.ExtContext, prefix string) (PluginShop, error) {
	const any = `
		SELECT EXISTS (SELECT 1 FROM {p}posts WHERE post_type = 'shop_coupon')`

	var found bool
	if err := sqlx.GetContext(ctx, q, &found, in(prefix, any)); err != nil {
		return PluginShop{}, fmt.Errorf("look for WooCommerce's coupons: %w", err)
	}
	if !found {
		return PluginShop{}, errs.New(errs.NotFound, "There are no WooCommerce coupons in this site's database.")
	}
	options, err := Options(ctx, q, prefix, "woocommerce_currency")
	if err != nil {
		return PluginShop{}, err
	}
	shop := PluginShop{Currency: options["woocommerce_currency"], Several: true}
	if shop.Currency == "" {
		shop.Currency = "USD" // what WooCommerce takes where the option is missing
	}
	return shop, nil
}

func eddShop(ctx context.Context, q sqlx.ExtContext, prefix string) (PluginShop, error) {
	const table = `
		SELECT COUNT(*)
		FROM information_schema.tables
		WHERE table_schema = DATABASE() AND table_name = ?`
	const any = `
		SELECT EXISTS (SELECT 1 FROM {p}edd_adjustments WHERE type = 'discount')`

	var n int
	err := sqlx.GetContext(ctx, q, &n, table, prefix+"edd_adjustments")
	if err == nil && n > 0 {
		err = sqlx.GetContext(ctx, q, &n, in(prefix, any))
	}
	if err != nil {
		return PluginShop{}, fmt.Errorf("look for Easy Digital Downloads: %w", err)
	}
	if n == 0 {
		return PluginShop{}, errs.New(errs.NotFound, "There are no discounts of Easy Digital Downloads 3 in this site's database.")
	}
	options, err := Options(ctx, q, prefix, "edd_settings")
	if err != nil {
		return PluginShop{}, err
	}
	shop := PluginShop{Currency: "USD"}
	settings, _ := unserialize(options["edd_settings"]) // a site without settings has the defaults
	pairs, _ := settings.([]phpPair)
	for _, pair := range pairs {
		switch text := fmt.Sprint(pair.value); {
		case pair.key == "currency" && text != "":
			shop.Currency = text
		case pair.key == "allow_multiple_discounts":
			shop.Several = text == "1" || text == "true"
		}
	}
	return shop, nil
}

// PluginCoupons returns a plugin's coupons with ids above one, in their order,
// at most so many. Those in the trash are among them.
func PluginCoupons(ctx context.Context, q sqlx.ExtContext, prefix, plugin string, after int64, limit int) ([]PluginCoupon, error) {
	if plugin == PluginWooCommerce {
		return wooCoupons(ctx, q, prefix, after, limit)
	}
	return eddDiscounts(ctx, q, prefix, after, limit)
}

func wooCoupons(ctx context.Context, q sqlx.ExtContext, prefix string, after int64, limit int) ([]PluginCoupon, error) {
	const query = `
		SELECT ID AS id, post_title AS code, post_excerpt AS name, post_status AS status,
			COALESCE(CAST(NULLIF(post_date, '0000-00-00 00:00:00') AS CHAR), '') AS post_date
		FROM {p}posts
		WHERE post_type = 'shop_coupon' AND post_status <> 'auto-draft' AND ID > ?
		ORDER BY ID
		LIMIT ?`
	const meta = `
		SELECT post_id AS id, meta_key AS name, COALESCE(meta_value, '') AS value
		FROM {p}postmeta
		WHERE post_id IN (?)
		ORDER BY post_id, meta_id`

	var rows []struct {
		ID     int64  `db:"id"`
		Code   string `db:"code"`
		Name   string `db:"name"`
		Status string `db:"status"`
		Date   string `db:"post_date"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, in(prefix, query), after, limit); err != nil {
		return nil, fmt.Errorf("coupons of WooCommerce: %w", err)
	}
	list := make([]PluginCoupon, len(rows))
	for i, r := range rows {
		list[i] = PluginCoupon{ID: r.ID, Code: r.Code, Name: r.Name, Status: r.Status, Fields: map[string][]string{"post_date": {r.Date}}}
	}
	return list, addMeta(ctx, q, in(prefix, meta), list)
}

func eddDiscounts(ctx context.Context, q sqlx.ExtContext, prefix string, after int64, limit int) ([]PluginCoupon, error) {
	const query = `
		SELECT id, code, name, status, scope, amount_type, CAST(amount AS CHAR) AS amount, max_uses, use_count, once_per_customer,
			CAST(min_charge_amount AS CHAR) AS min_charge_amount,
			COALESCE(CAST(NULLIF(start_date, '0000-00-00 00:00:00') AS CHAR), '') AS start_date,
			COALESCE(CAST(NULLIF(end_date, '0000-00-00 00:00:00') AS CHAR), '') AS end_date
		FROM {p}edd_adjustments
		WHERE type = 'discount' AND id > ?
		ORDER BY id
		LIMIT ?`
	const meta = `
		SELECT edd_adjustment_id AS id, meta_key AS name, COALESCE(meta_value, '') AS value
		FROM {p}edd_adjustmentmeta
		WHERE edd_adjustment_id IN (?)
		ORDER BY edd_adjustment_id, meta_id`

	var rows []struct {
		ID       int64  `db:"id"`
		Code     string `db:"code"`
		Name     string `db:"name"`
		Status   string `db:"status"`
		Scope    string `db:"scope"`
		Kind     string `db:"amount_type"`
		Amount   string `db:"amount"`
		MaxUses  uint64 `db:"max_uses"`
		UseCount uint64 `db:"use_count"`
		Once     int    `db:"once_per_customer"`
		Minimum  string `db:"min_charge_amount"`
		Start    string `db:"start_date"`
		End      string `db:"end_date"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, in(prefix, query), after, limit); err != nil {
		return nil, fmt.Errorf("discounts of Easy Digital Downloads: %w", err)
	}
	list := make([]PluginCoupon, len(rows))
	for i, r := range rows {
		list[i] = PluginCoupon{ID: r.ID, Code: r.Code, Name: r.Name, Status: r.Status, Fields: map[string][]string{
			"scope": {r.Scope}, "amount_type": {r.Kind}, "amount": {r.Amount}, "max_uses": {strconv.FormatUint(r.MaxUses, 10)},
			"use_count": {strconv.FormatUint(r.UseCount, 10)}, "once_per_customer": {strconv.Itoa(r.Once)},
			"min_charge_amount": {r.Minimum}, "start_date": {r.Start}, "end_date": {r.End},
		}}
	}
	return list, addMeta(ctx, q, in(prefix, meta), list)
}

// addMeta reads the meta of coupons. What PHP serialized becomes a list.
func addMeta(ctx context.Context, q sqlx.ExtContext, query string, list []PluginCoupon) error {
	if len(list) == 0 {
		return nil
	}
	ids, byID := make([]int64, len(list)), map[int64]*PluginCoupon{}
	for i := range list {
		ids[i], byID[list[i].ID] = list[i].ID, &list[i]
	}
	text, args, err := sqlx.In(query, ids)
	if err != nil {
		return fmt.Errorf("meta of coupons: %w", err)
	}
	var rows []struct {
		ID    int64  `db:"id"`
		Name  string `db:"name"`
		Value string `db:"value"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, text, args...); err != nil {
		return fmt.Errorf("meta of coupons: %w", err)
	}
	for _, r := range rows {
		c := byID[r.ID]
		values, ok := listOf(r.Value)
		if !ok {
			c.Broken = append(c.Broken, r.Name)
			continue
		}
		c.Fields[r.Name] = append(c.Fields[r.Name], values...)
	}
	return nil
}

// listOf returns the values of an array that PHP serialized, or the text itself;
// false when the array cannot be read.
func listOf(text string) ([]string, bool) {
	if !strings.HasPrefix(text, "a:") {
		return []string{text}, true
	}
	value, err := unserialize(text)
	pairs, isArray := value.([]phpPair)
	if err != nil || !isArray {
		return nil, false
	}
	var values []string
	for _, pair := range pairs {
		switch v := pair.value.(type) {
		case string:
			values = append(values, v)
		case int64:
			values = append(values, strconv.FormatInt(v, 10))
		case []phpPair: // lists of lists are nothing that we know
			return nil, false
		}
	}
	return values, true
}

// PluginProducts returns the slugs of posts by their ids; those that are not
// there are left out.
func PluginProducts(ctx context.Context, q sqlx.ExtContext, prefix string, ids []int64) (map[int64]string, error) {
	const query = `
		SELECT ID AS id, post_name AS slug
		FROM {p}posts
		WHERE ID IN (?)`

	slugs := map[int64]string{}
	if len(ids) == 0 {
		return slugs, nil
	}
	text, args, err := sqlx.In(in(prefix, query), ids)
	if err != nil {
		return nil, fmt.Errorf("products: %w", err)
	}
	var rows []struct {
		ID   int64  `db:"id"`
		Slug string `db:"slug"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, text, args...); err != nil {
		return nil, fmt.Errorf("products: %w", err)
	}
	for _, r := range rows {
		slugs[r.ID] = r.Slug
	}
	return slugs, nil
}
