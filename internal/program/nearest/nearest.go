// Package nearest finds the word that an author probably meant, for suggestions such as "did you mean".
package nearest

// Word returns the element of words that is most similar to the given word, or "" if none is similar enough. Similarity
// is measured by the number of edits. If several words are equally similar, Word returns the first one.
func Word(word string, words []string) string {
	if len(word) > 64 {
		return ""
	}
	best, least := "", len(word)
	for _, w := range words {
		d := distance(word, w)
		if far := max(1, len(word)/3, len(w)/3); d <= far && d < least {
			best, least = w, d
		}
	}
	return best
}

// distance returns the number of edits that change a to b: insertions, deletions and replacements of characters, and
// swaps of neighboring characters (optimal string alignment distance).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
