// Package request decodes and checks requests of the API: events of API Gateway, JSON bodies, parameters, cursors, and
// the members and programs that they name. It turns errors into problem documents, and encodes the values that several
// resources return, such as entries and orders.
//
// Routes is the table of the operations. Package api and the packages below it contain the operations. This package
// rejects an invalid value with an error code, a pointer and a suggested fix, before anything is read or written.
package request
