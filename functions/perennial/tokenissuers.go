package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/auth"
)

type tokenIssuers struct {
	Add    tokenIssuersAdd    `cmd:"" help:"${token_issuers_add}"`
	List   tokenIssuersList   `cmd:"" help:"List the issuers of a program with their audiences."`
	Remove tokenIssuersRemove `cmd:"" help:"${token_issuers_remove}"`
}

// A tokenIssuer selects an issuer of a program.
type tokenIssuer struct {
	originStore
	Issuer   string `arg:"" help:"URL of the issuer, exactly as its tokens state it (iss)."`
	Audience string `required:"" help:"Audience of the tokens (aud), or the client ID if they have no aud (Cognito)."`
}

func (c *tokenIssuer) named() auth.TokenIssuer {
	return auth.TokenIssuer{Issuer: c.Issuer, Audience: c.Audience}
}

type tokenIssuersAdd struct{ tokenIssuer }

// Run allows the tokens of the issuer.
func (c *tokenIssuersAdd) Run(ctx context.Context) error {
	return c.with(ctx, func(t *auth.Tokens) error { return t.AddIssuer(ctx, c.Program, c.named()) })
}

type tokenIssuersList struct{ originStore }

// Run prints one issuer per line.
func (c *tokenIssuersList) Run(ctx context.Context) error {
	return c.with(ctx, func(t *auth.Tokens) error {
		issuers, err := t.Issuers(ctx, c.Program)
		for _, i := range issuers {
			fmt.Println(i.Issuer, i.Audience)
		}
		return err
	})
}

type tokenIssuersRemove struct{ tokenIssuer }

// Run removes the issuer from the list.
func (c *tokenIssuersRemove) Run(ctx context.Context) error {
	return c.with(ctx, func(t *auth.Tokens) error {
		err := t.RemoveIssuer(ctx, c.Program, c.named())
		if errors.Is(err, auth.TokenInvalid) {
			return fmt.Errorf("program %s has no issuer %s with the audience %s", c.Program, c.Issuer, c.Audience)
		}
		return err
	})
}
