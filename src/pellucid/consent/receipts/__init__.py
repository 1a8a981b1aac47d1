"""Receipts for customers that anybody can verify offline: in the shape of ISO/IEC TS 27560, with W3C DPV terms, signed.

`terms` are the words, `document` fills one in, `issue` reads what it needs and signs. Verifying is `audit.receipt`.
"""
