package stored

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Shards is the number of parts of the queue of due accounts. Without them, a day on which every account is due would
// overload one partition of the index.
const Shards = 16

// CauseNames has the names of causes in keys.
//
// The table has the following partitions. IDs contain only letters, digits and _:.-, so # is a safe separator. The
// policies in template.yaml name these kinds of partitions. A new kind, or a function that starts to read or write a
// kind, needs a change there, which the tests of that function require.
//
//	PROGRAMS                   the IDs of all programs
//	P#<program>#PROGRAM        draft, versions, snapshots, their parts and which version is live
//	P#<program>#M#<member>     account, profile, contact, reminders, gift card messages, fulfillments, list of
//	                           vouchers; index: the statement
//	P#<program>#E#<kind>#<id>  ledger entries of one cause, by revision
//	P#<program>#ID#…           members by external ID, email and other names; lists of members by phone number,
//	                           word of the name and segment; orders of unknown persons. The names are keyed hashes
//	P#<program>#KEY            the wrapped key that protects the keys of members (package keyring)
//	P#<program>#HH#<id>        a household
//	P#<program>#C#<rule>       counters of budgets and stock
//	P#<program>#CODE#<code>    a code or gift card
//	P#<program>#POOL#<reward>  unclaimed uploaded codes; with #UPLOAD, the progress of uploads
//	P#<program>#HELD#<reward>  open reservations by expiry
//	P#<program>#WAIT#<reward>  the waitlist and each member's entry in it
//	P#<program>#USE#<id>       one use of a code
//	P#<program>#IP#<hash>      requests of an IP address without a key; package auth
//	P#<program>#LIMIT#<id>     counters of a principal: its redemptions, look-ups of unknown codes and others
//	P#<program>#PAY#<payment>  facts about one payment
//	P#<program>#WH#… and WHT#… webhook events as received, and their transmissions
//	P#<program>#S#<month>      reminder figures
//	P#<program>#AUDIT          the audit list; package audit
//	P#<program>#LOG            the transparency log; package translog
//	P#<program>#LIST#<member>  list items of a member by level and latest change; package listing
//	P#<program>#OPERATORS      operators, look-ups of them, and their changes; package auth
//	P#<program>#SWEEP          the reminders for which all members were planned
//	P#<program>#ERASE          the list of erasures; package erasure
//	P#<program>#APPROVAL       adjustments that need an approval; package approvals
//
// Only in the index: P#<program>#APPROVALS#<status>, DUE#<job>#<shard>, LEVEL#<level>, UPDATED#<shard>,
// FULFIL#<status>, OUTBOX#waiting and WH@<day>. Package auth owns the partitions KEY#<id>, SESSION#<id>,
// P#<program>#KEYUSE (when API keys were last used) and, in the index, P#<program>#KEYS.
var CauseNames = map[string]string{
	loyalty.CauseEnrollment:    "JOIN",
	loyalty.CauseOrder:         "O",
	loyalty.CauseRedemption:    "RD",
	loyalty.CauseAdjustment:    "ADJ",
	loyalty.CauseActivation:    "ACT",
	loyalty.CauseExpiry:        "LAPSE",
	loyalty.CauseTier:          "TIER",
	loyalty.CauseTierChange:    "LEVEL",
	loyalty.CauseEvent:         "EV",
	loyalty.CauseForfeit:       "FORFEIT",
	loyalty.CauseMilestone:     "MILESTONE",
	loyalty.CauseMember:        "WHO",
	loyalty.CauseExtension:     "EXT",
	loyalty.CauseReinstatement: "AGAIN",
	loyalty.CauseConversion:    "CONVERT",
	loyalty.CauseTransfer:      "TR",
	loyalty.CauseReceipt:       "GOT",

	loyalty.CauseContribution: "PART",
	loyalty.CauseNotice:       "TOLD",
}

// These are the sort keys of the items of a member that most requests read. They are adjacent, so that one query reads
// them: no other item of a member sorts between them.
const (
	AccountItem   = "ACCOUNT"
	HouseholdItem = "ACCOUNT#HOUSEHOLD"
	ProfileItem   = "ACCOUNT#PROFILE"
)

func MemberKey(program string, m loyalty.MemberID, item string) table.Key {
	return table.Key{PK: MemberPartition(program, m), SK: item}
}

func AccountKey(program string, m loyalty.MemberID) table.Key {
	return MemberKey(program, m, AccountItem)
}

func MemberPartition(program string, m loyalty.MemberID) string {
	return "P#" + program + "#M#" + string(m)
}

// EntryPrefix returns the prefix of the partitions of all ledger entries of a program. One policy pattern allows all of
// them, because any command may also write the entries that the passing of time causes, which are of several kinds.
func EntryPrefix(program string) string { return "P#" + program + "#E#" }

func CausePartition(program, kind, id string) string {
	return EntryPrefix(program) + CauseNames[kind] + "#" + id
}

// LimitPartition returns the partition of the counters of a principal whose actions are limited.
func LimitPartition(program, principal string) string { return "P#" + program + "#LIMIT#" + principal }

func CauseKey(program string, c loyalty.Cause) table.Key {
	return table.Key{PK: CausePartition(program, c.Kind, c.ID), SK: Padded(int64(c.Revision), 6)}
}

func IdentityKey(program string, id Identity) table.Key {
	return table.Key{PK: "P#" + program + "#ID#" + id.Kind + "#" + id.Value, SK: "ID"}
}

// ProgramPartition returns the partition of the program itself: its draft, its versions and which one is live. The
// partition is separate, so that a policy can let only one function write it: a policy can distinguish partitions but
// not sort keys.
func ProgramPartition(program string) string { return "P#" + program + "#PROGRAM" }

func ProgramKey(program, item string) table.Key {
	return table.Key{PK: ProgramPartition(program), SK: item}
}

// ShardOf returns the shard of a queue in which a member is listed.
func ShardOf(m loyalty.MemberID) int { return int(Hashed(string(m)) % Shards) }

// PlaceAt returns the position of a member in a shard. It rounds the instant up to a full second, so that the member is
// never due early.
func PlaceAt(at time.Time, m loyalty.MemberID) string {
	place := make([]byte, 0, 64)
	place = at.Add(time.Second-1).UTC().Truncate(time.Second).AppendFormat(place, time.RFC3339)
	return string(append(append(place, '#'), m...))
}

// MemberAt returns the member at a position of a due queue.
func MemberAt(place string) loyalty.MemberID {
	_, m, _ := strings.Cut(place, "#")
	return loyalty.MemberID(m)
}

// InstantAt returns the instant of a position of a due queue, or zero if the position has none.
func InstantAt(place string) time.Time {
	second, _, _ := strings.Cut(place, "#")
	t, err := time.Parse(time.RFC3339, second)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Stamped formats an instant with milliseconds, so that keys sort by time.
func Stamped(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// Hashed returns a hash that distributes names evenly.
func Hashed(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}

const zeros = "00000000000000000000"

// Padded formats a number with leading zeros, so that keys sort by number. The width is at most 20.
func Padded(n int64, width int) string {
	s := strconv.FormatInt(n, 10)
	return zeros[:max(0, width-len(s))] + s
}

const (
	ProgramPrefix  = "PROGRAM#"
	SnapshotPrefix = "SNAPSHOT#" // a separate item: with the source it may be too large for one item
)
