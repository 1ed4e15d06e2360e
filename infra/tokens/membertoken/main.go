// Command membertoken signs the token of a member. Usage: go run . PROGRAM EXTERNAL_ID
//
// The environment variable PERENNIAL_TOKEN_SECRET has the secret of a token key.
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func memberToken(secret, program, externalID string) (string, error) {
	now := time.Now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"aud": program, "sub": externalID, "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}).SignedString([]byte(secret))
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go run . PROGRAM EXTERNAL_ID")
	}
	token, err := memberToken(os.Getenv("PERENNIAL_TOKEN_SECRET"), os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token)
}
