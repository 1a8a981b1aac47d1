"""The customer's rights: requests and their clock, identity, access, correction, erasure, restriction, objection."""
