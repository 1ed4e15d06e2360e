package ledger

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Shards is how many parts the queue of due accounts has, so that a day on which every member falls due does
// not meet on one partition of the index.
const Shards = 16

// The partitions of the table. IDs have only letters, digits and _:.- in them, so # separates safely. The policies in
// template.yaml name these kinds; a new kind, or a read or write of one from another function, needs a change there,
// which the tests of that function require.
//
//	PROGRAMS                   the IDs of all programs
//	P#<program>#PROGRAM        draft, versions, snapshots and which version is live
//	P#<program>#M#<member>     account, profile, contact, reminders, letters, fulfillments, list of vouchers; index:
//	                           the statement
//	P#<program>#E#<kind>#<id>  ledger entries of one cause, by revision
//	P#<program>#ID#…           members by external ID, email and other names; orders of persons unknown
//	P#<program>#HH#<id>        a household
//	P#<program>#C#<rule>       counters of budgets and stock
//	P#<program>#CODE#<code>    a code or gift card
//	P#<program>#POOL#<reward>  uploaded codes that are free
//	P#<program>#HELD#<reward>  open reservations by when they expire
//	P#<program>#WAIT#<reward>  the waitlist, and beside it each member's place
//	P#<program>#USE#<id>       one use of a code
//	P#<program>#GUESS#<key>    misses of an API key that looks up codes
//	P#<program>#PAY#<payment>  facts about one payment
//	P#<program>#WH#… and WHT#… webhook events as they came, and their transmissions
//	P#<program>#S#<month>      figures of reminders
//	P#<program>#SWEEP          by which reminders all members were planned
//
// Only in the index: P#<program>#DUE#<job>#<shard>, FULFIL#<status>, OUTBOX#waiting and WH@<day>. Package auth has the
// partitions KEY#<id>.
var causeNames = map[string]string{
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

// Sort keys of the items that most requests read of a member. They follow one another, so that one query reads them: no
// other item of a member sorts between them.
const (
	accountItem   = "ACCOUNT"
	householdItem = "ACCOUNT#HOUSEHOLD"
	profileItem   = "ACCOUNT#PROFILE"
)

func memberKey(program string, m loyalty.MemberID, item string) table.Key {
	return table.Key{PK: memberPartition(program, m), SK: item}
}

func accountKey(program string, m loyalty.MemberID) table.Key {
	return memberKey(program, m, accountItem)
}

func memberPartition(program string, m loyalty.MemberID) string {
	return "P#" + program + "#M#" + string(m)
}

// entryPrefix begins the partitions of all ledger entries of a program, whatever their cause: one pattern of a policy
// allows what any command may write, because time may cause entries of any kind in any command.
func entryPrefix(program string) string { return "P#" + program + "#E#" }

func causePartition(program, kind, id string) string {
	return entryPrefix(program) + causeNames[kind] + "#" + id
}

func causeKey(program string, c loyalty.Cause) table.Key {
	return table.Key{PK: causePartition(program, c.Kind, c.ID), SK: padded(int64(c.Revision), 6)}
}

// statementKey lists an entry in its member's statement.
func statementKey(program string, e loyalty.Entry) table.Key {
	return table.Key{PK: memberPartition(program, e.Member), SK: padded(e.Sequence, 10)}
}

func identityKey(program string, id Identity) table.Key {
	return table.Key{PK: "P#" + program + "#ID#" + id.Kind + "#" + id.Value, SK: "ID"}
}

// programPartition holds the program itself: its draft, its versions and which one is live. It is a partition of its
// own, so that a policy can let one function alone write it: a policy can distinguish partitions and not sort keys.
func programPartition(program string) string { return "P#" + program + "#PROGRAM" }

func programKey(program, item string) table.Key {
	return table.Key{PK: programPartition(program), SK: item}
}

// programIDKey lists a program among those of the table, from its first publication on.
func programIDKey(program string) table.Key { return table.Key{PK: programsPartition, SK: program} }

const programsPartition = "PROGRAMS"

func versionKey(program string, n int) table.Key {
	return programKey(program, programPrefix+padded(int64(n), 6))
}

func snapshotKey(program string, n int) table.Key {
	return programKey(program, snapshotPrefix+padded(int64(n), 6))
}

func duePartition(program string, shard int) string {
	return fmt.Sprintf("P#%s#DUE#reassess#%02d", program, shard)
}

// dueKey lists an account under when it falls due.
func dueKey(program string, m loyalty.MemberID, due time.Time) table.Key {
	if due.IsZero() {
		return table.Key{}
	}
	return table.Key{PK: duePartition(program, shardOf(m)), SK: placeAt(due, m)}
}

// shardOf is in which part of a queue a member stands.
func shardOf(m loyalty.MemberID) int { return int(hashed(string(m)) % Shards) }

// placeAt is where a member stands in that part: under the second of an instant, or the next one, so never early.
func placeAt(at time.Time, m loyalty.MemberID) string {
	return at.Add(time.Second-1).UTC().Truncate(time.Second).Format(time.RFC3339) + "#" + string(m)
}

// MemberAt is the member at a place of a due queue.
func MemberAt(place string) loyalty.MemberID {
	_, m, _ := strings.Cut(place, "#")
	return loyalty.MemberID(m)
}

// instantAt is the instant of a place of a due queue; zero where there is none.
func instantAt(place string) time.Time {
	second, _, _ := strings.Cut(place, "#")
	t, err := time.Parse(time.RFC3339, second)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// dueBound is the last place of those that are due at an instant.
func dueBound(now time.Time) string { return now.UTC().Format(time.RFC3339) + "~" }

// memberPrefix begins the IDs of members that the API makes.
const memberPrefix = "mem_"

// uniqueLength is the length of the first part of a redemption's ID.
const uniqueLength = 20

// RedemptionID makes the ID of a redemption of a member: "rd_", 20 characters that make it unique, and the member's ID
// without "mem_". Whoever commits or cancels the redemption names nothing but this ID, so the member in it lets the
// account be read together with the redemption, one step earlier. It is a hint: what the redemption says counts.
func RedemptionID(unique string, m loyalty.MemberID) string {
	return "rd_" + unique + strings.TrimPrefix(string(m), memberPrefix)
}

// redeemer is the member that the ID of a redemption hints at; empty if it has no hint.
func redeemer(redemption string) loyalty.MemberID {
	rest, ok := strings.CutPrefix(redemption, "rd_")
	if !ok || len(rest) <= uniqueLength {
		return ""
	}
	return loyalty.MemberID(memberPrefix + rest[uniqueLength:])
}

// activityKey is of when verified events of a payment processor arrived.
func activityKey(program, provider string) table.Key {
	return table.Key{PK: "P#" + program + "#PROVIDERS", SK: provider}
}

// knownKey is of what is known of one payment, by the processor's id of it.
func knownKey(program, payment string) table.Key {
	return table.Key{PK: "P#" + program + "#PAY#" + payment, SK: "PAYMENT"}
}

// parkedPartition lists orders of somebody unknown under a name by which they may become known. It is one of the
// partitions of identities, from which enrolling may delete.
func parkedPartition(program string, id Identity) string {
	return "P#" + program + "#ID#parked-" + id.Kind + "#" + id.Value
}

// deliveryKey is of an event as it came. What was quarantined stands beside it, by what it says, so that it does not
// take the place of the genuine one.
func deliveryKey(program, provider, event, item string) table.Key {
	return table.Key{PK: "P#" + program + "#WH#" + provider + "#" + event, SK: item}
}

func transmissionKey(program, provider, transmission string) table.Key {
	return table.Key{PK: "P#" + program + "#WHT#" + provider + "#" + transmission, SK: "TRANSMISSION"}
}

// arrivalKey lists an event by the day of its arrival, or among those that somebody must look at.
func arrivalKey(program, shelf string, k Kept) table.Key {
	return table.Key{PK: "P#" + program + "#WH@" + shelf, SK: stamped(k.Received) + "#" + k.Provider + "#" + k.Event}
}

// stamped writes an instant to the millisecond, so that keys stand in the order of time.
func stamped(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// hashed is a number that scatters names evenly.
func hashed(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}

func padded(n int64, width int) string {
	s := strconv.FormatInt(n, 10)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// parseEntryID finds the cause in an entry's id, as Entry.ID writes it.
func parseEntryID(id string) (c loyalty.Cause, ok bool) {
	parts := strings.Split(strings.TrimPrefix(id, "ent_"), "~")
	if len(parts) != 3 || !strings.HasPrefix(id, "ent_") || causeNames[parts[0]] == "" || parts[1] == "" {
		return c, false
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil || n < 1 || strconv.Itoa(n) != parts[2] {
		return c, false
	}
	return loyalty.Cause{Kind: parts[0], ID: parts[1], Revision: n}, true
}
