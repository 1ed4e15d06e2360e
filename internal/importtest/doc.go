// Package importtest tests the dependency rules of the module: which packages a package may import, which packages
// may use the AWS SDK or the database engine, and that every package has a package comment.
//
// It reads the sources in its own process, because the test runner could cache a test that starts `go list`. It
// deliberately lists every package by name, so that each new package must be assigned its imports.
package importtest
