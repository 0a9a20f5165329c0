// Reads what to verify as JSON and answers one outcome a token. The verifier is the one of docs/verify-anywhere.md.
package main

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"

	"example.com/verify-anywhere/accesstoken"
)

type task struct {
	Issuer   string              `json:"issuer"`
	Audience string              `json:"audience"`
	JWKS     *jose.JSONWebKeySet `json:"jwks"`
	JWKSURI  string              `json:"jwksUri"`
	Now      *int64              `json:"now"`
	Tokens   []string            `json:"tokens"`
}

type outcome struct {
	Claims  map[string]any `json:"claims,omitempty"`
	Failure string         `json:"failure,omitempty"`
}

func main() {
	var given task
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		panic(err)
	}
	verifier := accesstoken.Verifier{
		Issuer:   given.Issuer,
		Audience: given.Audience,
		LoadKeys: func() (*jose.JSONWebKeySet, error) {
			if given.JWKS != nil {
				return given.JWKS, nil
			}
			return accesstoken.FetchKeys(given.JWKSURI)
		},
		Now: func() time.Time {
			if given.Now != nil {
				return time.Unix(*given.Now, 0)
			}
			return time.Now()
		},
	}
	outcomes := make([]outcome, 0, len(given.Tokens))
	for _, token := range given.Tokens {
		claims, err := verifier.Verify(token)
		switch {
		case err == nil:
			outcomes = append(outcomes, outcome{Claims: claims})
		case errors.Is(err, accesstoken.ErrKeysUnavailable):
			outcomes = append(outcomes, outcome{Failure: "unavailable"})
		default:
			outcomes = append(outcomes, outcome{Failure: "invalid"})
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		panic(err)
	}
}
