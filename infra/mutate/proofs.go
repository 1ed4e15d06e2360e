package main

// translog lists the mutations of proofs: off-by-one errors in sizes and indexes, and wrong hashes.
var translog = []mutation{
	// These mutations concern the hashes of the tree (RFC 6962).
	{
		"translog.go", "return tlog.RecordHash(record[:])",
		"return tlog.Hash(record)", "hash leaves without their prefix",
	},
	{
		"head.go", "tlog.NodeHash(rootOf(hashes[:half]), rootOf(hashes[half:]))",
		"tlog.NodeHash(rootOf(hashes[half:]), rootOf(hashes[:half]))", "swap the children of a node",
	},
	{
		"head.go", "return tlog.NodeHash(rootOf(hashes[:half]), rootOf(hashes[half:]))",
		"l, r := rootOf(hashes[:half]), rootOf(hashes[half:])\n\treturn tlog.RecordHash(append(l[:], r[:]...))",
		"hash nodes with the prefix of leaves",
	},
	{
		"translog.go", "h.edges = [][]tlog.Hash{{tlog.RecordHash([]byte(checkpoint))}}",
		"h.edges = [][]tlog.Hash{{tlog.RecordHash(nil)}}", "begin an epoch without the old checkpoint",
	},
	// These mutations concern sizes.
	{"checkpoint.go", "tlog.TreeHash(h.size, &", "tlog.TreeHash(h.size-1, &", "sign the root of a smaller tree"},
	{
		"checkpoint.go", "h.program, h.epoch, h.size, root}",
		"h.program, h.epoch, h.size + 1, root}", "sign another size",
	},
	{"checkpoint.go", "index >= c.Size {", "index > c.Size {", "prove the first leaf after the checkpoint"},
	{
		"checkpoint.go", "tlog.ProveRecord(c.Size, index",
		"tlog.ProveRecord(r.head.size, index", "prove with another size",
	},
	{"head.go", "h.size += int64(len(records))", "h.size += int64(len(records)) + 1", "count a leaf too many"},
	{
		"head.go", "total = (total - int64(len(h.edges[l]))) / tileWidth", "total = (total - int64(l*0)) / tileWidth",
		"count open hashes as hashes in tiles",
	},
	{"translog.go", "max(old.epoch, c.Epoch) + 1", "max(old.epoch, c.Epoch*0) + 1", "repeat a published epoch"},
	// These mutations concern indexes.
	{"checkpoint.go", "Proof{Index: index, ", "Proof{Index: index + 1, ", "state the next index"},
	{
		"checkpoint.go", "tlog.ProveRecord(c.Size, index",
		"tlog.ProveRecord(c.Size, index^1", "prove the neighboring leaf",
	},
	{
		"reader.go", "return tiles*tileWidth + int64(i), true",
		"return tiles*tileWidth + int64(i) + 1, true", "miscount open leaves",
	},
	{
		"reader.go", "return n*tileWidth + int64(i), true",
		"return n*tileWidth + int64(i) - 1, true", "miscount leaves in tiles",
	},
	{
		"head.go", "n := h.filed(level) / tileWidth",
		"n := h.filed(level)/tileWidth + 1", "store a tile under the next index",
	},
	{"reader.go", "e.Tile << (tileBits * (e.Level + 1))", "e.Tile << (tileBits * e.Level)", "name another leaf"},
	// These mutations concern checks.
	{"reader.go", "|| rootOf(t.hashes) != parent[0] {", "{", "accept a changed tile"},
	{"reader.go", "len(t.hashes) != tileWidth || ", "", "accept a short tile"},
	{"checkpoint.go", `|| c.Size < 0 || c.Text() != head {`, `|| c.Size < 0 {`, "accept other texts of a checkpoint"},
	{"checkpoint.go", `"perennial/checkpoint/"+program`, `"perennial/checkpoint/"`, "sign all programs with one key"},
}
