package main

// adapters lists the mutations of the adapters and of the proofs. If one of the mutated lines changes, its mutation
// must be changed too. For a new condition in the code, add a mutation that removes it.
var adapters = []adapter{
	{pkg: "table/pebbletable", mutations: pebbletable},
	{pkg: "translog", mutations: translog},
	{pkg: "table/dynamotable", needs: "AWS_ENDPOINT_URL_DYNAMODB", mutations: dynamotable},
}

var pebbletable = []mutation{
	// These mutations concern the conditions of transactions.
	{"transact.go", "if now.Version != op.Item.Version {", "if false {", "ignore the version"},
	{
		"transact.go", "if now.Version != op.Item.Version {", "if now.Version < op.Item.Version {",
		"accept an older version",
	},
	{
		"transact.go", "if now.Version != op.Item.Version {",
		"if now.Version != op.Item.Version && op.Kind != table.OpCheck {", "accept every check",
	},
	{
		"transact.go", "if now.Version != op.Item.Version {",
		"if now.Version != op.Item.Version && op.Kind != table.OpDelete {", "delete any version",
	},
	{
		"transact.go", "if now.Version != op.Item.Version {",
		"if op.Item.Version > 0 && now.Version != op.Item.Version {", "put over an existing item",
	},
	{"transact.go", "next.Version++", "next.Version = now.Version + 2", "skip a version"},
	{"transact.go", "Op: i,", "Op: i * 0,", "report the first operation for every conflict"},
	{"transact.go", "Current: now}", "Current: op.Item}", "return the put item in place of the current one"},
	{"transact.go", "t.commit.Lock()\n\tdefer t.commit.Unlock()\n", "", "decide without the mutex"},
	{
		"transact.go", "\t\t\treturn s, &table.ConflictError{Op: i, Key: now.Key, Current: now}",
		"\t\t\t_ = i\n\t\t\tbreak",
		"apply the operations before the conflict",
	},
	{
		"transact.go", "if err != nil || !t.cache.unchanged(s.slots) {", "if err != nil {",
		"apply a transaction whose items have changed",
	},
	{"transact.go", "return t.settle(w)", "go t.settle(w)\n\treturn nil", "acknowledge before the sync"},
	{"transact.go", "return t.waitAll(ctx, ops)", "return nil", "return a check before the sync"},
	{
		"transact.go", "op.Item.Version > 0 && conflict.Current.Version > 0", "conflict.Current.Version > 0",
		"report an existing item before the sync",
	},
	{"transact.go", "&& !mayRunAhead(ops[conflict.Op], conflict)", "", "let every conflict wait for the disk"},
	{"transact.go", "\tif err := ctx.Err(); err != nil {\n\t\treturn err\n\t}\n", "", "write after the context ended"},
	// These mutations concern the cache.
	{"unsynced.go", "\tt.cache.put(w.changed)\n", "", "serve a stale version"},
	{
		"cache.go", "\t\tc.remove(it.Key)\n",
		"\t\tif was, ok := c.slots.Peek(it.Key); ok {\n\t\t\tc.bytes -= was.size()\n" +
			"\t\t\twas.item, was.filled = it, true\n\t\t\tc.bytes += was.size()\n\t\t\tcontinue\n\t\t}\n",
		"change a slot in place",
	},
	{"cache.go", "\t\tif it.Version <= 1 { // created or deleted\n", "\t\tif false {\n", "list an old set of items"},
	{"cache.go", "if !s.removed && !s.filled {", "if true {", "fill any slot"},
	{"cache.go", "\t\twas.removed = true\n", "", "trust a slot that was replaced"},
	{"cache.go", "\t\ts.removed = true\n", "", "trust a slot that was evicted"},
	{"cache.go", "for c.bytes > c.limit {", "for false {", "let the cache grow without a limit"},
	{"query.go", "\tit.Doc = bytes.Clone(it.Doc) // the caller may modify it\n", "", "return the memory of the cache"},
	{
		"transact.go", "\t\t\tnow.Doc = bytes.Clone(now.Doc) //", "\t\t\t_ = bytes.Clone(now.Doc) //",
		"return the memory of the cache with a conflict",
	},
	{
		"check.go", "it.Expires = time.Unix(it.Expires.Unix(), 0).UTC()",
		"it.Expires = it.Expires.Round(0 * time.Second)",
		"expire within a second",
	},
	// These mutations concern the index.
	{"transact.go", "if !now.Index.IsZero() {", "if false {", "leave stale index rows"},
	{
		"transact.go", "if !now.Index.IsZero() {", "if !now.Index.IsZero() && !next.Index.IsZero() {",
		"leave the row of an item that leaves the index",
	},
	{
		"transact.go", "if !next.Index.IsZero() {", "if !next.Index.IsZero() && now.Version == 0 {",
		"index new items only",
	},
	{
		"query.go", "err == nil && it.Index != listed {", "err == nil && false && it.Index != listed {",
		"trust the index",
	},
	// These mutations concern counters.
	{"add.go", "if sum < op.Floor {", "if false {", "drop the floor"},
	{"add.go", "if sum < op.Floor {", "if sum <= op.Floor {", "never reach the floor"},
	{"add.go", "if sum < op.Floor {", "if sum < op.Floor && now.Version > 0 {", "create a counter below its floor"},
	{"add.go", "next.Version++", "", "add without raising the version"},
	{
		"add.go", "n, err = strconv.ParseInt(string(number), 10, 64)", "err = json.Unmarshal(number, &n)",
		"count null as zero",
	},
	{"add.go", "\tsum := n + delta", "\tsum := int64(float64(n) + float64(delta))", "add as floats"},
	{
		"add.go", "fields := map[string]json.RawMessage{}",
		"fields := map[string]json.RawMessage{}\n\tnow.Index = table.Key{}", "remove the item from the index on add",
	},
	// These mutations concern stored values.
	{"encode.go", "it.Doc = bytes.Clone(r.rest)", "it.Doc = r.rest", "return Pebble's memory"},
	{"encode.go", "time.Unix(r.varint(), 0)", "time.Unix(r.varint()/60*60, 0)", "expire by the minute"},
	{"encode.go", "\t\t\tif part[i] == 0 {", "\t\t\tif false {", "treat a zero byte as the end of a key"},
	{
		"encode.go", "if b == 0 && (i+1 == len(row) || row[i+1] != 0xff) {", "if b == 0 {",
		"end a partition at a zero byte within a part",
	},
	{"encode.go", "row = append(row, part[i])", "row = append(row, part[i]&0x7f)", "drop a bit of non-ASCII text"},
	{
		"check.go", "\tit.Doc = json.RawMessage(doc)\n",
		"\tvar lossy any\n\t_ = json.Unmarshal(doc, &lossy)\n\tit.Doc, _ = json.Marshal(lossy)\n",
		"pass numbers through float64",
	},
	{"check.go", "bytes.Clone(it.Doc)", "bytes.TrimSpace(it.Doc)", "retain the caller's memory"},
	{"check.go", "if err == nil && seen[op.Item.Key] {", "if false {", "accept a duplicate key"},
	{"check.go", "if len(doc) > maxDoc {", "if false {", "accept a document of any size"},
	{"check.go", "len(doc) == 0 || doc[0] != '{'", "len(doc) == 0", "accept a document that is not an object"},
	{"check.go", "if op.Item.Version < 0 {", "if false {", "accept a negative version"},
	{"check.go", "len(ops) > maxOps", "false", "accept any number of operations"},
	// These mutations concern lists.
	{
		"query.go", "s.skip(last, q.Reverse)", "s.skip(append(last[:len(last)-1], 1), q.Reverse)",
		"skip a row between pages",
	},
	{"query.go", "s.upper = row\n", "s.upper = row[:len(row)-2]\n", "skip rows between pages backwards"},
	{"query.go", "!reverse && bytes.Compare(after, s.lower) > 0", "!reverse", "let a cursor leave the lower bound"},
	{"query.go", "reverse && bytes.Compare(row, s.upper) < 0", "reverse", "let a cursor leave the upper bound"},
	{
		"query.go", "s.upper = beyond(appendParts(bytes.Clone(prefix), q.To))",
		"s.upper = appendParts(bytes.Clone(prefix), q.To)", "ignore the upper bound",
	},
	{
		"query.go", "row = indexKey(q.After)",
		"row = appendParts([]byte{indexRow}, q.After.Index.PK, q.After.Index.SK)", "repeat ties in the index",
	},
	{
		"query.go", "upper: beyond(prefix)}", "upper: append(bytes.Clone(prefix[:len(prefix)-1]), 0xff)}",
		"also list the neighboring partitions",
	},
	{"query.go", "if left--; left == 0 {", "if left--; false {", "ignore the limit"},
	// These mutations concern durability.
	{
		"query.go", "if err := t.unsynced.wait(ctx, key); err != nil {", "if err := error(nil); err != nil {",
		"read before the sync",
	},
	{"query.go", "return page, t.unsynced.wait(ctx, partition(q.PK))", "return page, nil", "list before the sync"},
	{"unsynced.go", "if u.last[k] == w {", "if true {", "remove a later write with an earlier one"},
	{"unsynced.go", "pebble.Sync)", "pebble.NoSync)", "do not sync at all"},
	{
		"unsynced.go", "\t\tt.stop(err)\n\t\treturn w.fail(err)\n\t}\n\tt.unsynced",
		"\t\treturn w.fail(err)\n\t}\n\tt.unsynced", "continue after a failed sync",
	},
	{
		"unsynced.go", "%w: %w\", table.ErrUnknown, cause)", "%w: %w\", table.ErrBusy, cause)",
		"report a lost write as busy",
	},
	{"home.go", "\tif !fresh {", "\tif false {", "open any directory"},
	{"home.go", "if string(text) != markText {", "if false {", "open a later format"},
}

// The tests of dynamotable need a DynamoDB endpoint. The source of the package explains the code that is replaced.
var dynamotable = []mutation{
	{
		"plan.go", `isAbsent    = "attribute_not_exists(pk)"`, `isAbsent    = "attribute_not_exists(nothing)"`,
		"put over an existing item",
	},
	{"plan.go", `isAsRead    = "v = :read"`, `isAsRead    = "v >= :read"`, "accept an older version"},
	{"plan.go", `isAsRead    = "v = :read"`, `isAsRead    = "v <> :read OR v = :read"`, "ignore the version"},
	{"plan.go", `, v = v + :one"`, `, v = v + :zero"`, "add without raising the version"},
	{"plan.go", `":least": difference(op.Floor, op.Delta),`, `":least": whole(math.MinInt64),`, "drop the floor"},
	{
		"plan.go", `":least": difference(op.Floor, op.Delta),`, `":least": difference(op.Floor+1, op.Delta),`,
		"never reach the floor",
	},
	{"plan.go", "if op.Delta >= op.Floor {", "if true {", "create a counter field below its floor"},
	{"plan.go", "a[\"v\"] = whole(1)\n", "a[\"v\"] = whole(2)\n", "create a counter with another version"},
	{"transact.go", "case !there && op.Delta >= op.Floor:", "case !there:", "create a counter below its floor"},
	{
		"transact.go", "if now.Version != read.Version {", "if now.Version < read.Version {",
		"accept a single check of a newer version",
	},
	{"encode.go", "o.UseNumber = true", "o.UseNumber = false", "decode numbers as float64 on reads"},
	{"encode.go", "\td.UseNumber()\n", "", "decode numbers as float64 on writes"},
	{"encode.go", `a["v"] = whole(it.Version + 1)`, `a["v"] = whole(it.Version + 2)`, "skip a version"},
	{
		"encode.go", `a["ttl"] = whole(it.Expires.Unix())`, `a["ttl"] = whole(it.Expires.Unix() / 60 * 60)`,
		"expire by the minute",
	},
	{"encode.go", "if len(doc) > maxDoc {", "if false {", "accept a document of any size"},
	{"encode.go", "if !utf8.Valid(doc) {", "if !utf8.Valid(doc) && len(doc) == 0 {", "accept invalid UTF-8"},
	{"query.go", "&& it.Index == indexOf(row) {", "{", "trust the index"},
	{"query.go", "in.ConsistentRead = aws.Bool(true)", "in.ConsistentRead = aws.Bool(false)", "list stale items"},
	{
		"query.go", "in.ExclusiveStartKey = out.LastEvaluatedKey", "in.ExclusiveStartKey = nil",
		"read the first page only",
	},
	{
		"query.go", "in.ExclusiveStartKey[pk], in.ExclusiveStartKey[sk] = text(at.PK), text(at.SK)",
		"in.ExclusiveStartKey[pk], in.ExclusiveStartKey[sk] = text(at.PK), text(at.SK+\"\\u0001\")",
		"misplace the cursor",
	},
	{"query.go", "&& !q.Index)", ")", "end a list of the index at a tie on its bound"},
	{"query.go", "if left--; left == 0 {", "if left--; false {", "ignore the limit"},
	{"check.go", "if seen[op.Item.Key] {", "if false {", "accept a duplicate key"},
	{"check.go", "if op.Item.Version < 0 {", "if false {", "accept a negative version"},
	{
		"answer.go",
		"\tif check := new(types.ConditionalCheckFailedException); errors.As(err, &check) {\n\t\treturn failed\n",
		"\tif check := new(types.ConditionalCheckFailedException); errors.As(err, &check) {\n\t\treturn lost\n",
		"treat a failed condition as a lost response",
	},
	{
		"settle.go", "recognised = recognised || op.Item.Version == 0", "recognised = true",
		"recognize a plan by an update that others may have written",
	},
	{
		"settle.go", "if recognised || every {", "if recognised || every || true {",
		"treat every lost response as success",
	},
	// These mutations concern retries and lost responses.
	{"plan.go", "ClientRequestToken: &p.token,", "", "let the SDK draw a token for every attempt"},
	{
		"plan.go", "token: random.Text(t.Random), random: t.Random}",
		"token: random.Text(t.Random)[:0] + \"12345678901234567890123456\", random: t.Random}",
		"use one token for every transaction",
	},
	{
		"transact.go", "\tp.token = random.Text(p.random)\n", "\t_ = random.Text(p.random)\n",
		"reuse the token of another plan",
	},
	{"transact.go", "unsure = unsure || v == lost", "unsure = v == lost", "forget that a response was lost"},
	{"transact.go", "case v == failed && !unsure:", "case v == failed:", "trust every failed condition"},
	{"table.go", "o.Retryer = aws.NopRetryer{}", "_ = aws.NopRetryer{}", "enable the SDK's retries"},
	{
		"answer.go", "Exception\":\n\t\treturn lost", "Exception\":\n\t\treturn refused",
		"treat a transaction in progress as refused",
	},
	{
		"answer.go", "case status >= 500, status == http.StatusRequestTimeout:",
		"case status == http.StatusRequestTimeout:", "treat a server error as refused",
	},
	{"answer.go", `"None", "TransactionConflict",`, `"None",`, "give up at the first race"},
	{"retry.go", "if attempt >= maxAttempts {", "if attempt >= 1000*maxAttempts {", "retry forever"},
	{
		"retry.go", "time.Duration(random.Below(t.Random, uint64(firstPause<<(attempt-1))))",
		"time.Duration(random.Below(t.Random, 1)) + firstPause<<(attempt-1)", "pause without jitter",
	},
	{"retry.go", "time.Until(limit) <= d {", "time.Until(limit) <= 0 {", "sleep past the deadline"},
	{
		"retry.go", "context.WithDeadline(ctx, end)", "context.WithDeadline(ctx, end.Add(time.Hour))",
		"wait forever for one response",
	},
	{"settle.go", "case now.Version == op.Item.Version+1:", "case false:", "treat another writer's item as the plan's"},
	{"settle.go", "p.ops[f.op].Kind != table.OpAdd && ", "", "treat a failed floor like a failed version"},
	{
		"encode.go", "reflect.DeepEqual(a, b)", "(a != nil || reflect.DeepEqual(a, b))",
		"recognize any document as the plan's",
	},
	{"table.go", "rest = append(rest, unprocessed.Keys...)", "_ = unprocessed", "drop the unprocessed keys"},
	{"table.go", "{Keys: want, ConsistentRead: aws.Bool(true)}", "{Keys: want}", "read indexed items inconsistently"},
}
