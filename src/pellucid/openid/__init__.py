"""Being told by a provider who somebody is: OpenID Connect, as a program that providers know (a relying party).

The authorization code flow with PKCE (RFC 7636), state and nonce. Not for what follows: whom a claim stands for, and
whether they are let in, is `workspace.openid`'s. What the provider says beyond the claims reaches nobody.
"""
