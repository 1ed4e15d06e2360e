// Package request decodes and checks requests of the API: events of API Gateway, JSON bodies, parameters, cursors, and
// the members and programs that they name. It turns errors into problem documents, and encodes what several resources
// answer, such as entries and orders.
//
// Package api contains the resources. A value that a request may not contain is rejected here with its code, a pointer
// and a suggested fix, before anything is read or written.
package request
