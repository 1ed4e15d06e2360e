// Package stored defines the forms in which the ledger stores accounts, entries, orders and other items, and the keys
// of the items. It converts between these forms and the types of package loyalty, packs large forms into compressed
// attributes, and divides what does not fit into one item.
//
// Its functions are pure. Keys of stored documents are short, because they are part of each item's size. After the
// first release, forms only gain keys, so that every version reads what earlier versions wrote.
package stored
