package locale

import (
	"strconv"
	"strings"
	"time"
)

// dateStyle is how a language writes a date. {d}, {month} and {y} stand for its
// parts.
type dateStyle struct {
	pattern string
	months  []string // twelve of them; none: {month} is a number
	twelve  bool     // the clock goes to twelve
}

func dateFormat(t tag) dateStyle {
	const european = "{d} {month} {y}"
	switch t.String() {
	case "en-US":
		return dateStyle{"{month} {d}, {y}", months(english), true}
	case "de-AT":
		return dateStyle{"{d}. {month} {y}", months("Jänner Februar März April Mai Juni Juli August September Oktober November Dezember"), false}
	}
	switch t.language {
	case "en":
		return dateStyle{european, months(english), false}
	case "de":
		return dateStyle{"{d}. {month} {y}", months("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"), false}
	case "fr":
		return dateStyle{european, months("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"), false}
	case "es":
		return dateStyle{"{d} de {month} de {y}", months("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"), false}
	case "it":
		return dateStyle{european, months("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"), false}
	case "nl":
		return dateStyle{european, months("januari februari maart april mei juni juli augustus september oktober november december"), false}
	case "pt":
		return dateStyle{"{d} de {month} de {y}", months("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"), false}
	case "da":
		return dateStyle{"{d}. {month} {y}", months("januar februar marts april maj juni juli august september oktober november december"), false}
	case "sv":
		return dateStyle{european, months("januari februari mars april maj juni juli augusti september oktober november december"), false}
	case "nb", "nn", "no":
		return dateStyle{"{d}. {month} {y}", months("januar februar mars april mai juni juli august september oktober november desember"), false}
	case "fi":
		return dateStyle{"{d}. {month} {y}", months("tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta " +
			"syyskuuta lokakuuta marraskuuta joulukuuta"), false}
	case "pl":
		return dateStyle{european, months("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"), false}
	case "cs":
		return dateStyle{"{d}. {month} {y}", months("ledna února března dubna května června července srpna září října listopadu prosince"), false}
	case "hu":
		return dateStyle{"{y}. {month} {d}.", months("január február március április május június július augusztus szeptember október november december"), false}
	case "tr":
		return dateStyle{european, months("Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"), false}
	case "ar":
		return dateStyle{european, months("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"), false}
	case "he":
		return dateStyle{"{d} ב{month} {y}", months("ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר"), false}
	case "ja", "zh":
		return dateStyle{"{y}年{month}月{d}日", nil, false}
	case "ko":
		return dateStyle{"{y}년 {month}월 {d}일", nil, false}
	}
	return dateStyle{"{y}-{month}-{d}", strings.Fields("01 02 03 04 05 06 07 08 09 10 11 12"), false}
}

const english = "January February March April May June July August September October November December"

func months(names string) []string { return strings.Fields(names) }

// Date writes the day on which a moment falls in a time zone, such as
// 3. Mai 2026. No zone is UTC.
func (l *Locale) Date(t time.Time, zone *time.Location) string {
	t = in(t, zone)
	month := strconv.Itoa(int(t.Month()))
	if len(l.date.months) == 12 {
		month = l.date.months[t.Month()-1]
	}
	return strings.NewReplacer("{d}", strconv.Itoa(t.Day()), "{month}", month, "{y}", strconv.Itoa(t.Year())).Replace(l.date.pattern)
}

// DateTime writes a moment with its time of day in a time zone and the zone's
// name, such as 3. Mai 2026, 14:05 CEST. No zone is UTC.
func (l *Locale) DateTime(t time.Time, zone *time.Location) string {
	t = in(t, zone)
	clock := "15:04"
	if l.date.twelve {
		clock = "3:04" + narrow + "PM"
	}
	name := t.Format("MST")
	if name[0] == '+' || name[0] == '-' { // a zone without letters
		name = "UTC" + t.Format("-07:00")
	}
	return l.Date(t, zone) + ", " + t.Format(clock) + " " + name
}

func in(t time.Time, zone *time.Location) time.Time {
	if zone == nil {
		return t.UTC()
	}
	return t.In(zone)
}
