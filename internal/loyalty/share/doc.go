// Package share decides operations between members and between wallets: transfers, conversions and household
// membership.
//
// Contributions of household members to a redemption are decided in package redeem, together with the redemption.
package share
